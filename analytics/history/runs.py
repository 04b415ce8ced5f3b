"""The runs of a history, from Prefect's flow and task runs and the ledger's attempts and timings.

A run that failed counts towards the success rate only: its duration is not typical of its key.
Runs that crashed, were cancelled or are still running are kept with their state, but count towards
neither: their durations are lower bounds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from analytics.history.columns import CENSORED, INPUT, typed
from tasks.ledger.timings import Timing

FLOW_KIND = "prefect"
TASK_KIND = "prefect task"
_STATES = {
    "COMPLETED": "succeeded",
    "FAILED": "failed",
    "CRASHED": "crashed",
    "CANCELLED": "cancelled",
    "CANCELLING": "running",
    "RUNNING": "running",
}

# Sizes may have any unit: they are compared within a key only.
_KNOWN_COLUMNS = {
    "known_cpus": "cpus",
    "known_memory_mib": "asked_memory_mib",
    "known_machine_load": "machine_load",
    INPUT: "size",
}


@dataclass(frozen=True, slots=True)
class Run:
    """One run of ``key`` on one kind of provider; times are epoch seconds, NaN if unknown.

    ``state`` is one of ``columns.STATES``; where it is empty, it follows from ``succeeded``.
    Without ``submitted_at`` a run was submitted when it started. ``id`` is that of a flow run, task
    run or execution, else empty. ``fine``, ``name`` and ``tag`` are finer and coarser groups of
    similar runs. ``retries`` counts attempts before the last; ``cpus`` and ``asked_memory_mib`` are
    its demand, 0 if unknown; ``machine_load`` is the machine's CPU usage (%) before its start,
    ``size`` the size of its input by its parameters, in any unit.
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
    fine: str = ""
    name: str = ""
    tag: str = ""
    retries: int = 0
    cpus: float = 0.0
    asked_memory_mib: float = 0.0
    cpu_seconds: float = 0.0
    cost: float = 0.0
    machine_load: float = float("nan")
    size: float = 0.0

    @property
    def is_censored(self) -> bool:
        """Whether it was stopped or lost, or is still running: it neither succeeded nor failed."""
        return self.state in CENSORED


@dataclass(frozen=True, slots=True)
class FlowRun:
    """One flow or task run of a Prefect server, as plain values.

    ``state`` is the type of its last state, e.g. ``COMPLETED``; ``seconds`` is the time it spent
    running, without waiting, and ``submitted_at`` the moment when it was due. ``task`` is the name
    of the task, empty for a flow run; ``parameters`` is a digest of its parameters, ``size`` the
    largest number among them, where a list counts by its length.
    """

    flow: str
    state: str
    started_at: float | None
    ended_at: float | None
    seconds: float
    submitted_at: float | None = None
    id: str = ""
    task: str = ""
    parameters: str = ""
    retries: int = 0
    size: float = 0.0

    @property
    def key(self) -> str:
        """The key of its history: ``flow/<flow>``, with ``/<task>`` for a task."""
        return "/".join(filter(None, ("flow", self.flow, self.task)))


def of_flow_runs(flow_runs: Iterable[FlowRun]) -> list[Run]:
    """Return the runs among ``flow_runs`` that have started."""
    return [
        Run(
            kind=TASK_KIND if flow_run.task else FLOW_KIND,
            key=flow_run.key,
            started_at=flow_run.started_at,
            ended_at=np.nan if flow_run.ended_at is None else flow_run.ended_at,
            seconds=flow_run.seconds,
            succeeded=flow_run.state == "COMPLETED",
            state=_STATES[flow_run.state],
            submitted_at=_earlier(flow_run.submitted_at, flow_run.started_at),
            id=flow_run.id,
            fine=f"{flow_run.key}|{flow_run.parameters}" if flow_run.parameters else "",
            name=flow_run.task or flow_run.flow,
            tag=flow_run.flow,
            retries=flow_run.retries,
            size=flow_run.size,
        )
        for flow_run in flow_runs
        if flow_run.state in _STATES
        and flow_run.started_at is not None
        and (flow_run.ended_at is not None or _STATES[flow_run.state] == "running")
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
        for timings_of_key in timings.values()
        for timing in timings_of_key
    ]


def frame(runs: Iterable[Run]) -> pd.DataFrame:
    """Return one row a run with the columns of ``Run``, in the order in which the runs ended."""
    all_runs = list(runs)
    names = [field.name for field in fields(Run)]
    table = pd.DataFrame({name: [getattr(run, name) for run in all_runs] for name in names})
    kinds = {field.name: float for field in fields(Run) if field.type == "float"}
    return table.astype(kinds | {"succeeded": bool}).sort_values("ended_at", kind="stable")


def columns(runs: Iterable[Run]) -> pd.DataFrame:
    """Return the history of ``runs`` as the columns that every model reads."""
    table = frame(runs)
    state = pd.Series(np.where(table["succeeded"], "succeeded", "failed"), index=table.index)
    table["state"] = table["state"].astype(str).mask(table["state"] == "", state)
    table["memory_mib"] = table["memory_mib"].where(table["memory_mib"] > 0)
    for name, column in _KNOWN_COLUMNS.items():
        if (values := table[column].where(table[column] > 0)).notna().any():
            table[name] = values
    history = typed(table.drop(columns=["succeeded", *_KNOWN_COLUMNS.values()]))
    # The duration of a retried run is that of all its attempts, so it is typical of none.
    history["is_trainable"] &= history["retries"].eq(0)
    return history


def per_key(table: pd.DataFrame) -> pd.DataFrame:
    """Return one row a key: its ``runs``, ``succeeded`` share, ``median`` and ``total`` seconds.

    The two durations are those of the runs that succeeded; NaN and 0 if there is none. Censored
    runs are left out.
    """
    table = table[~table["state"].isin(CENSORED)]
    table = table.assign(
        duration=table["seconds"].where(table["succeeded"] & table["retries"].eq(0))
    )
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
    """Return the moment of submission: never after the start, whatever the schedule says."""
    return started if expected is None else min(expected, started)


def states(runs: Iterable[Run]) -> str:
    """Return how many runs there are of each state; retried runs are counted apart."""
    counts = [f"{count} {state}" for state, count in count_by_state(runs).most_common()]
    return ", ".join(counts) or "none"


def count_by_state(runs: Iterable[Run]) -> Counter[str]:
    """Return how many runs there are of each state, and how many were retried."""
    return Counter("retried" if run.retries else run.state for run in runs)
