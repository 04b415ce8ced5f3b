"""What a past workload would have come to under other estimates or another strategy. Pure.

What its steps took in fact is known; each policy is let plan as if it were not, and then the
dispatcher's rule is replayed with what they took. The regret of a policy is by how much it is
longer than the best of all of them, the one that knows every duration beforehand among them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tasks.estimates import Estimate, Estimates, estimate_of
from tasks.plan import FleetSnapshot
from tasks.planning.autotune import with_history
from tasks.planning.core.problem import Floats, problem_of
from tasks.planning.core.schedule import Schedule
from tasks.planning.outlook import pinned, places, preferred_providers
from tasks.planning.planner import plan
from tasks.planning.simulate import DispatchReplay
from tasks.planning.strategy import PLANNED, STRATEGIES
from tasks.workload import StepGraph

AS_DECIDED, HINDSIGHT, HAPPENED = "as decided", "in hindsight", "what happened"
_SHORTEST = 1e-3
# For improving each of the many plans that are compared.
_BRIEF_SECONDS = 0.02
_MIB_HOUR = 3600.0

Row = dict[str, str | float | int]


@dataclass(frozen=True, slots=True)
class PastWorkload:
    """A workload that has succeeded.

    ``seconds`` is what each of its steps took at speed 1 and ``peaks_mib`` what it needed, by
    step; a step that was skipped is in neither. ``models`` are what each model expected before it
    began, by step. ``took_seconds`` is what all of it took, None where that is not known.
    """

    id: str
    graph: StepGraph
    fleet: FleetSnapshot
    seconds: Mapping[str, float]
    peaks_mib: Mapping[str, float]
    models: Mapping[str, Estimates]
    took_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class PlanningPolicy:
    """Which estimates are planned with, and by which strategy."""

    model: str
    strategy: str = PLANNED


@dataclass(frozen=True, slots=True)
class PolicyResult:
    """What one policy makes of one workload.

    ``cost`` is in the currency of the providers' prices, ``waste_mib_hours`` is memory that is
    reserved and not used; both are None of what happened in fact.
    """

    policy: PlanningPolicy
    seconds: float
    cost: float | None = None
    waste_mib_hours: float | None = None


def results(past: PastWorkload) -> list[PolicyResult]:
    """Return what every model makes of ``past`` where it is planned, and every strategy."""
    plain = _plain(past)
    own = AS_DECIDED if AS_DECIDED in past.models else next(iter(past.models))
    policies = [PlanningPolicy(model) for model in (*past.models, HINDSIGHT)]
    policies += [PlanningPolicy(own, strategy) for strategy in STRATEGIES if strategy != PLANNED]
    known = dict(past.models)
    known[HINDSIGHT] = {
        step: Estimate(step, seconds, seconds, past.peaks_mib.get(step, 0.0), source=HINDSIGHT)
        for step, seconds in past.seconds.items()
    }
    found = [_result(plain, policy, known[policy.model]) for policy in policies]
    if past.took_seconds is not None:
        found.insert(0, PolicyResult(PlanningPolicy(HAPPENED), past.took_seconds))
    return found


def table(found: Iterable[Sequence[PolicyResult]]) -> list[Row]:
    """Return one row a policy, the least regret first; ``found`` are the results by workload."""
    rows: dict[PlanningPolicy, list[tuple[PolicyResult, float]]] = defaultdict(list)
    for of_one in found:
        best = min(result.seconds for result in of_one)
        for result in of_one:
            rows[result.policy].append((result, best))
    made = [_row(policy, judged) for policy, judged in rows.items()]
    return sorted(made, key=lambda row: float(row["regret (%)"]))


def _row(policy: PlanningPolicy, judged: Sequence[tuple[PolicyResult, float]]) -> Row:
    count = len(judged)
    seconds, best = sum(one.seconds for one, _ in judged), sum(least for _, least in judged)
    row: Row = {
        "estimates": policy.model,
        "strategy": policy.strategy if policy.model != HAPPENED else "",
        "workloads": count,
        "makespan (s)": round(seconds / count, 2),
        "regret (s)": round((seconds - best) / count, 2),
        "regret (%)": round(100 * (seconds / best - 1), 2) if best else 0.0,
    }
    costs = [one.cost for one, _ in judged if one.cost is not None]
    wastes = [one.waste_mib_hours for one, _ in judged if one.waste_mib_hours is not None]
    row["cost"] = round(sum(costs), 4) if costs else ""
    row["waste (MiB h)"] = round(sum(wastes), 2) if wastes else ""
    return row


def sentence(rows: Sequence[Row]) -> str:
    """Return in one line what planning with what was known cost against the best in hindsight."""
    own = next(
        (row for row in rows if (row["estimates"], row["strategy"]) == (AS_DECIDED, PLANNED)), None
    )
    blind = next((row for row in rows if row["estimates"] == "default"), None)
    if own is None or blind is None:
        return f"The least regret: {rows[0]['estimates']} {rows[0]['strategy']}".strip()
    count = "1 workload" if own["workloads"] == 1 else f"{own['workloads']} workloads"
    return (
        f"{count} planned as decided: {own['makespan (s)']} s "
        f"on average, {own['regret (%)']} % more than the best in hindsight; without any history "
        f"{blind['regret (%)']} % more"
    )


def _plain(past: PastWorkload) -> PastWorkload:
    """Return ``past`` with steps that have a history of their own and no conditions left."""
    steps = (replace(step, history_key=step.id, items=(), when="") for step in past.graph.steps)
    return replace(past, graph=replace(past.graph, steps=tuple(steps)))


def by_step(graph: StepGraph, estimates: Estimates) -> dict[str, Estimate]:
    """Return what ``estimates`` say of each step, without those that they say nothing of."""
    return {
        step.id: estimate_of(step, estimates)
        for step in graph.steps
        if {step.history_key, *step.items} & set(estimates)
    }


def _result(past: PastWorkload, policy: PlanningPolicy, estimates: Estimates) -> PolicyResult:
    # A duration of nothing could not be stretched to what it was.
    known = {
        step: replace(one, p50_seconds=max(_SHORTEST, one.p50_seconds))
        for step, one in estimates.items()
    }
    graph, _ = with_history(past.graph, known, past.fleet)
    made = plan(graph, known, past.fleet, policy.strategy, budget_seconds=_BRIEF_SECONDS)
    expected = np.array([estimate_of(step, known).p50_seconds for step in graph.steps])
    actual = np.array([past.seconds.get(step.id, 0.0) for step in graph.steps])
    problem = problem_of(graph, known, past.fleet)
    if policy.strategy != PLANNED:
        problem = pinned(problem, places(made, graph, past.fleet))
    number = {step.id: index for index, step in enumerate(graph.steps)}
    order = np.array([number[step] for step in made.order], np.int32)
    happened = DispatchReplay.of(problem).run(
        order, actual / expected, preferred_providers(made, graph, past.fleet)
    )
    held = happened.end - happened.start
    return PolicyResult(
        policy, happened.makespan, _cost(past.fleet, happened, held), _waste(past, graph, held)
    )


def _cost(fleet: FleetSnapshot, happened: Schedule, held: Floats) -> float:
    pairs: Iterator[tuple[int, float]] = zip(happened.provider.tolist(), held.tolist(), strict=True)
    return sum(fleet.providers[where].cost(seconds) for where, seconds in pairs)


def _waste(past: PastWorkload, graph: StepGraph, held: Floats) -> float:
    reserved = np.array([step.demand.memory_mib for step in graph.steps], np.float64)
    needed = np.array([past.peaks_mib.get(step.id, 0.0) for step in graph.steps])
    return float(np.maximum(reserved - needed, 0.0) @ held) / _MIB_HOUR
