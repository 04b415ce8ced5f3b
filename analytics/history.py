"""What was run: one value a finished run, from Prefect's flow runs and the ledger's timings.

A run that failed counts towards the success rate alone: how long it took says nothing about how
long it takes. Runs that crashed, were cancelled or are still going are kept with their state, but
say neither: what is known of them is that they took at least as long as they did.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields

import numpy as np
import pandas as pd

from analytics.columns import CENSORED, typed
from tasks.ledger.timings import Timing

FLOW_KIND = "prefect"
_STATES = {
    "COMPLETED": "succeeded",
    "FAILED": "failed",
    "CRASHED": "crashed",
    "CANCELLED": "cancelled",
    "RUNNING": "running",
}


@dataclass(frozen=True, slots=True)
class Run:
    """One run of ``key`` on one kind of provider; times are epoch seconds, NaN where unknown.

    ``state`` is one of ``columns.STATES``; where it is empty, ``succeeded`` says it. Without
    ``submitted_at`` a run was submitted when it started. ``id`` is that of a flow run, else empty.
    """

    kind: str
    key: str
    started_at: float
    ended_at: float
    seconds: float
    succeeded: bool
    memory_mib: float = 0.0
    state: str = ""
    submitted_at: float = float("nan")
    id: str = ""

    @property
    def is_censored(self) -> bool:
        """Whether it was stopped or lost, or goes on: then it ended neither well nor badly."""
        return self.state in CENSORED


@dataclass(frozen=True, slots=True)
class FlowRun:
    """One flow run of a Prefect server, as plain values.

    ``state`` is the type of its last state, e.g. ``COMPLETED``; ``seconds`` is the time it spent
    running, without what it waited for, and ``submitted_at`` when it should have started.
    """

    flow: str
    state: str
    started_at: float | None
    ended_at: float | None
    seconds: float
    submitted_at: float | None = None
    id: str = ""


def of_flow_runs(flow_runs: Iterable[FlowRun]) -> list[Run]:
    """Return the runs among ``flow_runs`` that have started; their key is ``flow/<flow name>``."""
    return [
        Run(
            kind=FLOW_KIND,
            key=f"flow/{flow_run.flow}",
            started_at=flow_run.started_at,
            ended_at=np.nan if flow_run.ended_at is None else flow_run.ended_at,
            seconds=flow_run.seconds,
            succeeded=flow_run.state == "COMPLETED",
            state=_STATES[flow_run.state],
            submitted_at=_earlier(flow_run.submitted_at, flow_run.started_at),
            id=flow_run.id,
        )
        for flow_run in flow_runs
        if flow_run.state in _STATES
        and flow_run.started_at is not None
        and (flow_run.ended_at is not None or flow_run.state == "RUNNING")
    ]


def of_timings(timings: Mapping[str, Sequence[Timing]]) -> list[Run]:
    """Return the ledger's timings, whatever their order, as runs."""
    return [
        Run(
            kind=timing.provider_kind,
            key=timing.key,
            started_at=timing.at - timing.seconds,
            ended_at=timing.at,
            seconds=timing.seconds,
            succeeded=timing.succeeded,
            memory_mib=timing.memory_mib,
        )
        for found in timings.values()
        for timing in found
    ]


def frame(runs: Iterable[Run]) -> pd.DataFrame:
    """Return one row a run with the columns of ``Run``, in the order in which the runs ended."""
    columns = [field.name for field in fields(Run)]
    table = pd.DataFrame([astuple(run) for run in runs], columns=columns)
    kinds = dict.fromkeys(["started_at", "ended_at", "seconds", "memory_mib"], float)
    return table.astype(kinds | {"succeeded": bool}).sort_values("ended_at", kind="stable")


def columns(runs: Iterable[Run]) -> pd.DataFrame:
    """Return the history of ``runs`` as the columns that every model reads."""
    table = frame(runs)
    said = pd.Series(np.where(table["succeeded"], "succeeded", "failed"), index=table.index)
    table["state"] = table["state"].astype(str).mask(table["state"] == "", said)
    table["memory_mib"] = table["memory_mib"].where(table["memory_mib"] > 0)
    return typed(table.drop(columns="succeeded"))


def per_key(table: pd.DataFrame) -> pd.DataFrame:
    """Return one row a key: its ``runs``, ``succeeded`` share, ``median`` and ``total`` seconds.

    The two durations are those of the runs that succeeded; NaN and 0 where there is none. Censored
    runs are left out.
    """
    table = table[~table["state"].isin(CENSORED)]
    table = table.assign(duration=table["seconds"].where(table["succeeded"]))
    return (
        table.groupby(["kind", "key"])
        .agg(
            runs=("seconds", "size"),
            succeeded=("succeeded", "mean"),
            median=("duration", "median"),
            total=("duration", "sum"),
        )
        .sort_values("total", ascending=False)
        .reset_index()
    )


def _earlier(expected: float | None, started: float) -> float:
    """Return when a run was asked for: never after it started, whatever its schedule says."""
    return started if expected is None else min(expected, started)
