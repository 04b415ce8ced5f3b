"""Finds past workloads that can be replayed, with the history known before each began."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path

from tasks.errors import NotFoundError
from tasks.estimates import Estimate, Estimates
from tasks.ledger.connection import Ledger
from tasks.ledger.decisions import Decision, decisions
from tasks.ledger.estimates import HISTORY, from_history
from tasks.ledger.executions import Execution, executions
from tasks.ledger.plans import read_plan
from tasks.ledger.providers import fleet
from tasks.ledger.timings import Timing, timings
from tasks.ledger.workloads import WorkloadRow, workloads
from tasks.plan import Plan
from tasks.planning.regret import AS_DECIDED, PastWorkload, by_step
from tasks.split.record import kept_graph
from tasks.workload import StepGraph

_WORKLOADS_LOOKED_AT = 1000


def replayable_workloads(
    ledger: Ledger, root: Path, below: str, runs: int, now: float
) -> tuple[list[PastWorkload], Counter[str]]:
    """Return the newest ``runs`` workloads that can be replayed, and why others cannot.

    ``root`` is where graphs are kept; ``below`` is ``<project>`` or ``<project>/<workload>``.
    """
    # Enough timings to reach behind the oldest of these runs, including failures and retries.
    history = _Timings(ledger, HISTORY + 3 * runs)
    pasts: list[PastWorkload] = []
    reasons: Counter[str] = Counter()
    for row in workloads(ledger, below, limit=_WORKLOADS_LOOKED_AT):
        past = _past(ledger, root, row, history, now)
        if isinstance(past, str):
            reasons[past] += 1
        else:
            pasts.append(past)
        if len(pasts) == runs:
            break
    return pasts, reasons


class _Timings:
    """The newest timings of keys, each read once, since a suite has many tests."""

    def __init__(self, ledger: Ledger, limit: int) -> None:
        self._ledger, self._limit = ledger, limit
        self._read: dict[str, list[Timing]] = {}

    def before(self, keys: Collection[str], moment: float) -> dict[str, list[Timing]]:
        """Return the timings of runs that ended before ``moment``, by key, newest first."""
        missing = set(keys) - set(self._read)
        if missing:
            rows = timings(self._ledger, missing, limit_per_key=self._limit)
            self._read |= {key: rows.get(key, []) for key in missing}
        return {key: [run for run in self._read[key] if run.at < moment] for key in keys}


def _past(
    ledger: Ledger, root: Path, row: WorkloadRow, history: _Timings, now: float
) -> PastWorkload | str:
    """Return the past of a workload, or why there is none."""
    if row.state != "succeeded":
        return "have not succeeded"
    graph = kept_graph(root / "steps" / row.id / "graph.json", {})
    plan = read_plan(ledger, row.id)
    if graph is None or plan is None:
        return "have no kept graph or plan"
    if len(plan.order) < len(graph.steps):
        return "took over steps of other runs"
    if any(step.foreach for step in graph.steps):
        return "added steps while they ran"
    try:
        machines = fleet(ledger, sorted(_used(plan)), now)
    except NotFoundError:
        return "ran on providers that no longer exist"
    speed = {provider.name: provider.speed for provider in machines.providers}
    done = [
        execution
        for execution in executions(ledger, row.id)
        if execution.outcome and execution.outcome.succeeded
    ]
    past_decisions = decisions(ledger, row.id)
    return PastWorkload(
        row.id,
        graph,
        machines,
        {execution.step: _seconds(execution) * speed[execution.provider] for execution in done},
        {
            execution.step: execution.outcome.peak_memory_mib
            for execution in done
            if execution.outcome
        },
        _models(graph, history, row.opened_at, past_decisions, speed),
        next((execution.actual for execution in past_decisions if execution.kind == "plan"), None),
    )


def _used(plan: Plan) -> set[str]:
    """Return every provider that the plan could choose from."""
    names = {name for placed in plan.placements for name, _ in placed.candidates}
    names |= {name for placed in plan.placements for name, _ in placed.rejected}
    return names | {placed.provider for placed in plan.placements}


def _seconds(execution: Execution) -> float:
    return execution.outcome.seconds if execution.outcome else 0.0


def _models(
    graph: StepGraph,
    history: _Timings,
    before: float,
    past_decisions: list[Decision],
    speed: Mapping[str, float],
) -> dict[str, Estimates]:
    """Return what each model expected, from nothing that ended at ``before`` or later."""
    keys = {key for step in graph.steps for key in (step.history_key, *step.items)}
    runs_by_key = history.before(keys, before)
    last = {key: [run for run in runs if run.succeeded][:1] for key, runs in runs_by_key.items()}
    recent = {key: runs[:HISTORY] for key, runs in runs_by_key.items()}
    models: dict[str, Estimates] = {
        "default": {},
        "last run": by_step(graph, _estimates(last)),
        "median of 20": by_step(graph, _estimates(recent)),
    }
    placed = {
        decision.step: decision
        for decision in past_decisions
        if decision.kind == "placement" and decision.chosen in speed
    }
    peaks = {
        decision.step: decision.estimate or 0.0
        for decision in past_decisions
        if decision.kind == "memory"
    }
    decided = {
        step: Estimate(
            step,
            (decision.estimate or 0.0) * speed[decision.chosen],
            (decision.p90 or 0.0) * speed[decision.chosen],
            peaks.get(step, 0.0),
            n=HISTORY,
            source=decision.source,
        )
        for step, decision in placed.items()
        if decision.source != "default"
    }
    return {AS_DECIDED: decided, **models} if placed else models


def _estimates(runs_by_key: Mapping[str, list[Timing]]) -> dict[str, Estimate]:
    estimates = {key: from_history(key, runs) for key, runs in runs_by_key.items()}
    return {key: estimate for key, estimate in estimates.items() if estimate}
