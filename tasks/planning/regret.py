"""The regret of planning policies: past workloads replayed with other estimates or rules; pure.

The actual durations of the steps are known; each policy plans without them, and then the
dispatcher's rule is replayed with them. The regret of a policy is the difference of its makespan
to the best of all policies, including one that knows every duration beforehand.
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

AS_DECIDED = "as decided"
PERFECT_KNOWLEDGE = "in hindsight"
ACTUAL = "what happened"
_MIN_SECONDS = 1e-3
# For improving each of the many plans that are compared.
_BRIEF_SECONDS = 0.02
_SECONDS_PER_HOUR = 3600.0

Row = dict[str, str | float | int]


@dataclass(frozen=True, slots=True)
class PastWorkload:
    """A workload that has succeeded.

    ``seconds`` are the durations of its steps at speed 1 and ``peaks_mib`` their memory peaks, by
    step; a step that was skipped is in neither. ``models`` are the estimates that each model made
    before it began, by step. ``took_seconds`` is its makespan, None if that is not known.
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
    """A model of estimates and a strategy, with which a workload is planned."""

    model: str
    strategy: str = PLANNED


@dataclass(frozen=True, slots=True)
class PolicyResult:
    """The outcome of one policy on one workload.

    ``cost`` is in the currency of the providers' prices, ``waste_mib_hours`` is memory that is
    reserved and not used; both are None for the actual run.
    """

    policy: PlanningPolicy
    seconds: float
    cost: float | None = None
    waste_mib_hours: float | None = None


def results(past: PastWorkload) -> list[PolicyResult]:
    """Return the outcome of ``past`` under every model, and under every strategy."""
    unconditional = _plain(past)
    baseline = AS_DECIDED if AS_DECIDED in past.models else next(iter(past.models))
    policies = [PlanningPolicy(model) for model in (*past.models, PERFECT_KNOWLEDGE)]
    policies += [
        PlanningPolicy(baseline, strategy) for strategy in STRATEGIES if strategy != PLANNED
    ]
    estimates_of = dict(past.models)
    estimates_of[PERFECT_KNOWLEDGE] = {
        step: Estimate(
            step, seconds, seconds, past.peaks_mib.get(step, 0.0), source=PERFECT_KNOWLEDGE
        )
        for step, seconds in past.seconds.items()
    }
    policy_results = [
        _result(unconditional, policy, estimates_of[policy.model]) for policy in policies
    ]
    if past.took_seconds is not None:
        policy_results.insert(0, PolicyResult(PlanningPolicy(ACTUAL), past.took_seconds))
    return policy_results


def table(workloads: Iterable[Sequence[PolicyResult]]) -> list[Row]:
    """Return one row a policy, least regret first; ``workloads`` are the results by workload."""
    results_by_policy: dict[PlanningPolicy, list[tuple[PolicyResult, float]]] = defaultdict(list)
    for results_of_workload in workloads:
        best = min(result.seconds for result in results_of_workload)
        for result in results_of_workload:
            results_by_policy[result.policy].append((result, best))
    rows = [_row(policy, policy_results) for policy, policy_results in results_by_policy.items()]
    return sorted(rows, key=lambda row: float(row["regret (%)"]))


def _row(policy: PlanningPolicy, policy_results: Sequence[tuple[PolicyResult, float]]) -> Row:
    count = len(policy_results)
    seconds = sum(result.seconds for result, _ in policy_results)
    best = sum(least for _, least in policy_results)
    row: Row = {
        "estimates": policy.model,
        "strategy": policy.strategy if policy.model != ACTUAL else "",
        "workloads": count,
        "makespan (s)": round(seconds / count, 2),
        "regret (s)": round((seconds - best) / count, 2),
        "regret (%)": round(100 * (seconds / best - 1), 2) if best else 0.0,
    }
    costs = [result.cost for result, _ in policy_results if result.cost is not None]
    wastes = [
        result.waste_mib_hours for result, _ in policy_results if result.waste_mib_hours is not None
    ]
    row["cost"] = round(sum(costs), 4) if costs else ""
    row["waste (MiB h)"] = round(sum(wastes), 2) if wastes else ""
    return row


def sentence(rows: Sequence[Row]) -> str:
    """Return in one line the regret of planning with the knowledge of then, and without any."""
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
    """Return ``past`` with a history key of its own for each step, and without conditions."""
    steps = (replace(step, history_key=step.id, items=(), when="") for step in past.graph.steps)
    return replace(past, graph=replace(past.graph, steps=tuple(steps)))


def by_step(graph: StepGraph, estimates: Estimates) -> dict[str, Estimate]:
    """Return the estimate of each step, without the steps that ``estimates`` do not cover."""
    return {
        step.id: estimate_of(step, estimates)
        for step in graph.steps
        if {step.history_key, *step.items} & set(estimates)
    }


def _result(past: PastWorkload, policy: PlanningPolicy, estimates: Estimates) -> PolicyResult:
    # A duration of zero could not be scaled to the actual one.
    positive_estimates = {
        step: replace(estimate, p50_seconds=max(_MIN_SECONDS, estimate.p50_seconds))
        for step, estimate in estimates.items()
    }
    graph, _ = with_history(past.graph, positive_estimates, past.fleet)
    planned = plan(
        graph, positive_estimates, past.fleet, policy.strategy, budget_seconds=_BRIEF_SECONDS
    )
    expected = np.array([estimate_of(step, positive_estimates).p50_seconds for step in graph.steps])
    actual = np.array([past.seconds.get(step.id, 0.0) for step in graph.steps])
    problem = problem_of(graph, positive_estimates, past.fleet)
    if policy.strategy != PLANNED:
        problem = pinned(problem, places(planned, graph, past.fleet))
    number = {step.id: index for index, step in enumerate(graph.steps)}
    order = np.array([number[step] for step in planned.order], np.int32)
    simulated = DispatchReplay.of(problem).run(
        order, actual / expected, preferred_providers(planned, graph, past.fleet)
    )
    seconds = simulated.end - simulated.start
    return PolicyResult(
        policy,
        simulated.makespan,
        _cost(past.fleet, simulated, seconds),
        _waste(past, graph, seconds),
    )


def _cost(fleet: FleetSnapshot, schedule: Schedule, seconds: Floats) -> float:
    pairs: Iterator[tuple[int, float]] = zip(
        schedule.provider.tolist(), seconds.tolist(), strict=True
    )
    return sum(fleet.providers[provider].cost(seconds) for provider, seconds in pairs)


def _waste(past: PastWorkload, graph: StepGraph, seconds: Floats) -> float:
    reserved = np.array([step.demand.memory_mib for step in graph.steps], np.float64)
    needed = np.array([past.peaks_mib.get(step.id, 0.0) for step in graph.steps])
    return float(np.maximum(reserved - needed, 0.0) @ seconds) / _SECONDS_PER_HOUR
