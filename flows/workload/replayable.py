"""Which past workloads can be replayed, and what was known before each of them began."""

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

_LOOKED_AT = 1000


def replayable_workloads(
    book: Ledger, root: Path, below: str, runs: int, now: float
) -> tuple[list[PastWorkload], Counter[str]]:
    """Return the newest ``runs`` workloads that can be replayed, and why others cannot.

    ``root`` is where graphs are kept; ``below`` is ``<project>`` or ``<project>/<workload>``.
    """
    # Enough to reach behind the oldest of these runs, with some that failed or were tried again.
    known = _Timings(book, HISTORY + 3 * runs)
    found: list[PastWorkload] = []
    why: Counter[str] = Counter()
    for row in workloads(book, below, limit=_LOOKED_AT):
        past = _past(book, root, row, known, now)
        if isinstance(past, str):
            why[past] += 1
        else:
            found.append(past)
        if len(found) == runs:
            break
    return found, why


class _Timings:
    """The newest timings of keys, each read once: the tests of a suite are many."""

    def __init__(self, book: Ledger, limit: int) -> None:
        self._book, self._limit = book, limit
        self._read: dict[str, list[Timing]] = {}

    def before(self, keys: Collection[str], moment: float) -> dict[str, list[Timing]]:
        """Return what had ended before ``moment``, by key, newest first."""
        missing = set(keys) - set(self._read)
        if missing:
            found = timings(self._book, missing, limit_per_key=self._limit)
            self._read |= {key: found.get(key, []) for key in missing}
        return {key: [run for run in self._read[key] if run.at < moment] for key in keys}


def _past(
    book: Ledger, root: Path, row: WorkloadRow, known: _Timings, now: float
) -> PastWorkload | str:
    """Return the past of a workload, or why there is none."""
    if row.state != "succeeded":
        return "have not succeeded"
    graph = kept_graph(root / "steps" / row.id / "graph.json", {})
    plan = read_plan(book, row.id)
    if graph is None or plan is None:
        return "have no kept graph or plan"
    if any(step.foreach for step in graph.steps):
        return "made steps while they ran"
    try:
        machines = fleet(book, sorted(_used(plan)), now)
    except NotFoundError:
        return "ran on providers that are gone"
    speed = {provider.name: provider.speed for provider in machines.providers}
    done = [one for one in executions(book, row.id) if one.outcome and one.outcome.succeeded]
    made = decisions(book, row.id)
    return PastWorkload(
        row.id,
        graph,
        machines,
        {one.step: _seconds(one) * speed[one.provider] for one in done},
        {one.step: one.outcome.peak_memory_mib for one in done if one.outcome},
        _models(graph, known, row.opened_at, made, speed),
        next((one.actual for one in made if one.kind == "plan"), None),
    )


def _used(plan: Plan) -> set[str]:
    """Return every provider that the plan could choose from."""
    names = {name for placed in plan.placements for name, _ in placed.candidates}
    names |= {name for placed in plan.placements for name, _ in placed.rejected}
    return names | {placed.provider for placed in plan.placements}


def _seconds(one: Execution) -> float:
    return one.outcome.seconds if one.outcome else 0.0


def _models(
    graph: StepGraph,
    read: _Timings,
    before: float,
    made: list[Decision],
    speed: Mapping[str, float],
) -> dict[str, Estimates]:
    """Return what each model expected, from nothing that ended at ``before`` or later."""
    keys = {key for step in graph.steps for key in (step.history_key, *step.items)}
    known = read.before(keys, before)
    last = {key: [run for run in runs if run.succeeded][:1] for key, runs in known.items()}
    recent = {key: runs[:HISTORY] for key, runs in known.items()}
    models: dict[str, Estimates] = {
        "default": {},
        "last run": by_step(graph, _estimates(last)),
        "median of 20": by_step(graph, _estimates(recent)),
    }
    placed = {one.step: one for one in made if one.kind == "placement" and one.chosen in speed}
    peaks = {one.step: one.estimate or 0.0 for one in made if one.kind == "memory"}
    decided = {
        step: Estimate(
            step,
            (one.estimate or 0.0) * speed[one.chosen],
            (one.p90 or 0.0) * speed[one.chosen],
            peaks.get(step, 0.0),
            n=HISTORY,
            source=one.source,
        )
        for step, one in placed.items()
        if one.source != "default"
    }
    return {AS_DECIDED: decided, **models} if placed else models


def _estimates(known: Mapping[str, list[Timing]]) -> dict[str, Estimate]:
    found = {key: from_history(key, runs) for key, runs in known.items()}
    return {key: estimate for key, estimate in found.items() if estimate}
