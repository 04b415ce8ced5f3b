"""The tables of reports: flow runs, workload runs and their steps.

Times are epoch seconds, NaN if there is none. A run belongs to the period in which it ended;
``state`` distinguishes runs that were stopped or lost from those that failed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from analytics.history.runs import Run
from analytics.reports.data.causes import cause
from analytics.reports.data.ended_steps import step_rows
from analytics.reports.data.model import Span
from tasks.ledger.activity import Activity, KnownProvider, Snapshot
from tasks.ledger.insights import RaisedInsight
from tasks.ledger.plans import StoredPlan
from tasks.ledger.rollouts import RolloutRow
from tasks.ledger.workloads import WorkloadRow

Needs = Mapping[str, Mapping[str, Sequence[str]]]
"""By workload run and by step: the steps that it waited for."""

FLOW_COLUMNS = {
    **dict.fromkeys(("id", "flow", "project", "state", "cause"), str),
    **dict.fromkeys(("submitted_at", "started_at", "ended_at", "seconds", "waited"), float),
}
STEP_COLUMNS = {
    **dict.fromkeys(("run", "project", "workload", "step", "key", "provider", "kind"), str),
    **dict.fromkeys(("state", "cause", "inputs"), str),
    "attempt": int,
    **dict.fromkeys(("started_at", "ended_at", "seconds", "waited", "planned"), float),
    **dict.fromkeys(("cost", "cpus", "asked_mib", "slots", "peak_mib", "cpu_seconds"), float),
    "is_last": bool,
}
RUN_COLUMNS = {
    **dict.fromkeys(("run", "project", "workload", "environment", "state"), str),
    **dict.fromkeys(("started_at", "ended_at", "took", "work", "promised", "bound"), float),
    **dict.fromkeys(("cost", "promised_cost"), float),
    "steps": int,
}


@dataclass(frozen=True, slots=True)
class FlowRow:
    """One flow run, its project (empty: none), and the message of its state."""

    run: Run
    project: str = ""
    said: str = ""


@dataclass(frozen=True)
class ReportTables:
    """The tables of all history, or of one period and project.

    ``needs`` are the steps that each step waited for, where they were kept. Flow runs are known
    from ``flows_since`` on: Prefect deletes older ones. ``has_flows`` is false where they are left
    out. What happened after ``until`` is not in the tables.
    """

    flows: pd.DataFrame
    runs: pd.DataFrame
    steps: pd.DataFrame
    needs: Needs = field(default_factory=dict)
    providers: tuple[KnownProvider, ...] = ()
    rollouts: tuple[RolloutRow, ...] = ()
    snapshots: tuple[Snapshot, ...] = ()
    insights: tuple[RaisedInsight, ...] = ()
    flows_since: float = 0.0
    has_flows: bool = True
    until: float = math.inf

    def without_flows(self) -> ReportTables:
        """Return the tables without flow runs, which are then unknown."""
        return replace(self, flows=self.flows.iloc[:0], has_flows=False)

    def of(self, span: Span, project: str = "") -> ReportTables:
        """Return what ended within ``span``, of one project (empty: of all).

        Insights that were raised, closed or open then are included.
        """
        return replace(
            self,
            until=min(self.until, span.until),
            flows=_within(self.flows, span, project),
            runs=_within(self.runs, span, project),
            steps=_within(self.steps, span, project),
            rollouts=tuple(
                rollout
                for rollout in self.rollouts
                if span.holds(rollout.updated_at) and project in {"", rollout.project}
            ),
            snapshots=tuple(
                snapshot
                for snapshot in self.snapshots
                if span.holds(snapshot.consistent_at) and project in {"", snapshot.project}
            ),
            insights=tuple(
                insight
                for insight in self.insights
                if insight.raised_at < span.until
                and (insight.closed_at is None or insight.closed_at >= span.since)
                and (not project or insight.key.startswith(f"{project}/"))
            ),
        )

    @property
    def is_empty(self) -> bool:
        """Whether nothing ended at all."""
        others = (self.rollouts, self.snapshots)
        return all(table.empty for table in (self.flows, self.runs, self.steps)) and not any(others)

    @property
    def projects(self) -> list[str]:
        """The names of all projects in the tables; what only failed may have been misspelt."""
        succeeded = self.flows[self.flows["state"] == "succeeded"]
        names = {*succeeded["project"], *self.runs["project"]}
        names |= {row.project for row in self.rollouts} | {row.project for row in self.snapshots}
        return sorted(names - {""})


def report_tables(
    flows: Iterable[FlowRow], recorded: Activity, needs: Needs | None = None, since: float = 0.0
) -> ReportTables:
    """Return the tables of the flow runs and of what the ledger has recorded.

    ``needs`` are the steps that each step waited for; flow runs are known from ``since`` on.
    """
    steps = _typed(step_rows(recorded, needs or {}), STEP_COLUMNS)
    return ReportTables(
        flows=_typed([_flow(row) for row in flows], FLOW_COLUMNS),
        runs=_typed(_runs(recorded, steps), RUN_COLUMNS),
        steps=steps,
        needs=needs or {},
        providers=recorded.providers,
        rollouts=recorded.rollouts,
        snapshots=recorded.snapshots,
        insights=recorded.insights,
        flows_since=since,
    )


def _typed(rows: Sequence[Mapping[str, object]], kinds: Mapping[str, type]) -> pd.DataFrame:
    table = pd.DataFrame([*rows], columns=[*kinds])
    objects = {name: object if kind is str else kind for name, kind in kinds.items()}
    return table.astype(objects).sort_values("ended_at", kind="stable", ignore_index=True)


def _within(table: pd.DataFrame, span: Span, project: str) -> pd.DataFrame:
    ended = table["ended_at"]
    ended_within = table[ended.ge(span.since) & ended.lt(span.until)]
    return ended_within[ended_within["project"] == project] if project else ended_within


def _flow(row: FlowRow) -> dict[str, object]:
    run = row.run
    submitted = run.started_at if math.isnan(run.submitted_at) else run.submitted_at
    failed = run.state not in {"succeeded", "running"}
    return {
        "id": run.id,
        "flow": run.key.removeprefix("flow/"),
        "project": row.project,
        "state": run.state,
        "cause": cause(row.said) if failed else "",
        "submitted_at": submitted,
        "started_at": run.started_at,
        "ended_at": np.nan if run.state == "running" else run.ended_at,
        "seconds": run.seconds,
        "waited": run.started_at - submitted,
    }


def _runs(recorded: Activity, steps: pd.DataFrame) -> list[dict[str, object]]:
    """Return one row a workload run whose steps were executed; an open one has not ended."""
    by_run = steps.groupby("run").agg(
        started_at=("started_at", "min"),
        last=("ended_at", "max"),
        work=("seconds", "sum"),
        cost=("cost", "sum"),
        steps=("step", "size"),
    )
    sums_by_run = by_run.to_dict("index")
    return [
        _run(row, sums_by_run[row.id], recorded.plans.get(row.id))
        for row in recorded.workloads
        if row.id in sums_by_run
    ]


def _run(row: WorkloadRow, sums: Mapping[Any, Any], stored: StoredPlan | None) -> dict[str, object]:
    project, workload, environment = (*row.key.split("/"), "", "", "")[:3]
    return {
        "run": row.id,
        "project": project,
        "workload": workload,
        "environment": environment,
        "state": row.state,
        "steps": sums["steps"],
        "started_at": sums["started_at"],
        "ended_at": np.nan if row.closed_at is None else row.closed_at,
        "took": sums["last"] - sums["started_at"],
        "work": sums["work"],
        "cost": sums["cost"],
        "promised": stored.plan.makespan_seconds if stored else np.nan,
        "bound": stored.plan.bound_seconds if stored else np.nan,
        "promised_cost": stored.plan.cost if stored else np.nan,
    }
