"""Advice on a plan: its assumptions and what it leaves unused, each with a remedy; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tasks.distribute.explaining.binding import Binding
from tasks.distribute.explaining.whatif import Effect
from tasks.estimates import Estimates, estimate_of
from tasks.plan import FleetSnapshot, Plan
from tasks.planning.plan_warnings import Advice, warnings_with_remedies
from tasks.workload import StepGraph

# A smaller difference counts as none.
_NOTABLE = 0.01


def advice_on(
    graph: StepGraph,
    estimates: Estimates,
    fleet: FleetSnapshot,
    plan: Plan,
    plan_binding: Binding,
    *,
    effects: Sequence[Effect] = (),
    deadline_seconds: float | None = None,
) -> tuple[Advice, ...]:
    """Return the advice on a plan before it runs, the most important first.

    ``effects`` are those of changes, ``deadline_seconds`` is when everything must have ended.
    """
    expected = {step.id: estimate_of(step, estimates) for step in graph.steps}
    return (
        *_deadline(plan, deadline_seconds),
        *warnings_with_remedies(graph, expected, fleet),
        *_idle(fleet, plan),
        *_bound(plan, plan_binding),
        *_gain(plan, effects),
    )


def _deadline(plan: Plan, deadline_seconds: float | None) -> Iterator[Advice]:
    if deadline_seconds is None or deadline_seconds >= plan.makespan_seconds:
        yield from _chance(plan)
        return
    if deadline_seconds < plan.bound_seconds:
        yield Advice(
            f"no plan can end within {deadline_seconds:.1f} s: "
            f"the bound is {plan.bound_seconds:.1f} s",
            "Give it more time, add providers, or split what is long",
        )
    else:
        yield Advice(
            f"the plan takes {plan.makespan_seconds - deadline_seconds:.1f} s longer than allowed",
            "Give it more time, or make one of the changes above",
        )


def _chance(plan: Plan) -> Iterator[Advice]:
    """Warn where a plan, e.g. a stored one, is less likely to keep the deadline than its goal."""
    if not plan.goal or not plan.eta or plan.eta.on_time is None:
        return
    if plan.eta.on_time < plan.goal.probability:
        yield Advice(
            f"the deadline is kept in {plan.eta.on_time:.0%} of simulated runs, "
            f"not in {plan.goal.probability:.0%}",
            "Plan it again, or give it more time",
        )


def _idle(fleet: FleetSnapshot, plan: Plan) -> Iterator[Advice]:
    used = {placement.provider for placement in plan.placements}
    refused: dict[str, int] = {}
    for placement in plan.placements:
        for name, _ in placement.rejected:
            refused[name] = refused.get(name, 0) + 1
    for provider in fleet.providers:
        if provider.name in used or not plan.placements:
            continue
        if refused.get(provider.name) == len(plan.placements):
            yield Advice(
                f"{provider.name} gets no step: it is too small for each of them",
                "Lower their demands, or raise its capacity",
            )
        else:
            yield Advice(
                f"{provider.name} gets no step: by time or by the strategy, all are better placed "
                f"elsewhere",
                "It can be left out",
            )


def _bound(plan: Plan, plan_binding: Binding) -> Iterator[Advice]:
    above = plan.makespan_seconds / plan.bound_seconds - 1 if plan.bound_seconds else 0.0
    if plan.placements and above < _NOTABLE:
        yield Advice(
            "the plan is at its bound: no other order and no other placement is shorter",
            "Only other steps or other providers make a difference",
        )
    if plan.placements and plan_binding.resource is None:
        yield Advice(
            "the needs alone decide the end: no step of the chain waits for a provider",
            "Faster providers or shorter steps help, more of the same do not",
        )


def _gain(plan: Plan, effects: Sequence[Effect]) -> Iterator[Advice]:
    best = max(effects, key=lambda effect: effect.gain_seconds, default=None)
    if best and best.gain_seconds > _NOTABLE * plan.makespan_seconds:
        yield Advice(
            f"{best.what} saves {best.gain_seconds / plan.makespan_seconds:.0%} of the time",
            "No other change that was tried saves more",
        )
