"""What was run: one value a finished run, from Prefect's flow runs and the ledger's timings.

A run that failed counts towards the success rate alone: how long it took says nothing about how
long it takes. Runs that crashed, were cancelled or are still going say neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields

import pandas as pd

from tasks.ledger.timings import Timing

FLOW_KIND = "prefect"


@dataclass(frozen=True, slots=True)
class Run:
    """One finished run of ``key`` on one kind of provider; times are epoch seconds."""

    kind: str
    key: str
    started_at: float
    ended_at: float
    seconds: float
    succeeded: bool
    memory_mib: float = 0.0


@dataclass(frozen=True, slots=True)
class FlowRun:
    """One flow run of a Prefect server, as plain values.

    ``state`` is the type of its last state, e.g. ``COMPLETED``; ``seconds`` is the time it spent
    running, without what it waited for.
    """

    flow: str
    state: str
    started_at: float | None
    ended_at: float | None
    seconds: float


def of_flow_runs(flow_runs: Iterable[FlowRun]) -> list[Run]:
    """Return the runs among ``flow_runs`` that finished; their key is ``flow/<flow name>``."""
    return [
        Run(
            kind=FLOW_KIND,
            key=f"flow/{flow_run.flow}",
            started_at=flow_run.started_at,
            ended_at=flow_run.ended_at,
            seconds=flow_run.seconds,
            succeeded=flow_run.state == "COMPLETED",
        )
        for flow_run in flow_runs
        if flow_run.state in {"COMPLETED", "FAILED"}
        and flow_run.started_at is not None
        and flow_run.ended_at is not None
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
    kinds = {"started_at": float, "ended_at": float, "seconds": float, "memory_mib": float}
    return table.astype(kinds | {"succeeded": bool}).sort_values("ended_at", kind="stable")


def per_key(table: pd.DataFrame) -> pd.DataFrame:
    """Return one row a key: its ``runs``, ``succeeded`` share, ``median`` and ``total`` seconds.

    The two durations are those of the runs that succeeded; NaN and 0 where there is none.
    """
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
