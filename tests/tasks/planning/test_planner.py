"""Plans: feasible, measured against a bound, deterministic, and as quick as promised."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocks.providers.interface import Resources
from tasks.errors import BadInputError
from tasks.estimates import Estimate
from tasks.plan import FleetSnapshot, Plan, ProviderState
from tasks.planning.feasibility import violations
from tasks.planning.planner import plan
from tasks.planning.strategy import STRATEGIES
from tasks.workload import SplitDecision, Step, StepGraph


def provider(name: str, speed: float = 1.0, price: float = 0.0, **capacity: float) -> ProviderState:
    """An idle provider; one slot unless said otherwise."""
    whole = Resources(**({"slots": 1} | capacity))
    return ProviderState(name, "shell", whole, whole, speed, price)


def fleet(*providers: ProviderState) -> FleetSnapshot:
    """A fleet of those."""
    return FleetSnapshot(1, 0.0, providers)


def workload(needs: dict[str, tuple[str, ...]], **demand: float) -> StepGraph:
    """A graph of steps in that order, one slot each unless said otherwise."""
    resources = Resources(**(demand or {"slots": 1}))
    steps = tuple(
        Step(name, ("true",), Path("/"), name, needs=step_needs, demand=resources)
        for name, step_needs in needs.items()
    )
    return StepGraph("p", "w", steps, SplitDecision(len(steps), ""))


def estimates_for(seconds: dict[str, float]) -> dict[str, Estimate]:
    """Estimates from history."""
    return {k: Estimate(k, v, v * 1.5, n=3, source="history") for k, v in seconds.items()}


@st.composite
def problems(draw: st.DrawFn) -> tuple[StepGraph, dict[str, float], FleetSnapshot]:
    """Any graph, with vector demands and durations, on any fleet that can hold it."""
    small = st.builds(
        Resources,
        cpus=st.sampled_from([0.0, 0.1, 0.5, 1.0, 2.0]),
        memory_mib=st.sampled_from([0, 100, 1000]),
        slots=st.integers(0, 2),
    )
    count = draw(st.integers(1, 14))
    steps = tuple(
        Step(
            f"s{index}",
            ("true",),
            Path("/"),
            f"s{index}",
            needs=tuple(
                f"s{n}" for n in sorted(draw(st.sets(st.integers(0, 13), max_size=3))) if n < index
            ),
            demand=draw(small),
        )
        for index in range(count)
    )
    seconds = {step.id: draw(st.sampled_from([0.0, 0.1, 1.0, 2.5, 7.0])) for step in steps}
    big = provider("big", cpus=2, memory_mib=1000, slots=2)
    others = [
        ProviderState(f"p{n}", "shell", capacity, capacity, draw(st.sampled_from([0.5, 1.0, 3.0])))
        for n, capacity in enumerate(draw(st.lists(small, max_size=3)))
    ]
    graph = StepGraph("p", "w", steps, SplitDecision(count, ""))
    return graph, seconds, fleet(big, *others)


@given(problems(), st.sampled_from(sorted(STRATEGIES)))
def test_every_plan_is_feasible_not_below_its_bound_and_deterministic(
    problem: tuple[StepGraph, dict[str, float], FleetSnapshot], strategy: str
) -> None:
    """A plan would oversubscribe, break a need, or beat what is possible."""
    graph, seconds, snapshot = problem
    planned = plan(graph, estimates_for(seconds), snapshot, strategy, budget_seconds=0.01)
    assert violations(graph, seconds, snapshot, planned) == []
    assert planned.makespan_seconds >= planned.bound_seconds - 1e-6
    assert 0 <= planned.utilisation <= 1
    assert plan(graph, estimates_for(seconds), snapshot, strategy, budget_seconds=0.01) == planned


def test_the_longest_way_goes_first() -> None:
    """A short step would delay the chain that decides the end."""
    graph = workload({"short": (), "first": (), "second": ("first",)})
    planned = plan(
        graph, estimates_for({"short": 2, "first": 3, "second": 4}), fleet(provider("a", slots=1))
    )
    assert planned.order == ("first", "second", "short")
    assert planned.critical_path == ("first", "second")


def test_a_gap_is_filled() -> None:
    """A provider would idle while a step that fits waits."""
    graph = workload({"a": (), "b": (), "c": ("a", "b"), "d": ()})
    # One lane is idle from 2 to 6 while b runs; d fits there and delays nothing.
    planned = plan(
        graph, estimates_for({"a": 2, "b": 6, "c": 5, "d": 4}), fleet(provider("two", slots=2))
    )
    assert planned.placement("d").start_seconds == 2
    assert planned.makespan_seconds == 11 == planned.bound_seconds


def test_a_faster_busy_provider_is_waited_for() -> None:
    """A step would take the idle provider that is ten times slower."""
    graph = workload({"a": (), "b": ()})
    planned = plan(
        graph,
        estimates_for({"a": 10, "b": 10}),
        fleet(provider("fast", 10.0), provider("slow", 1.0)),
    )
    assert [item.provider for item in planned.placements] == ["fast", "fast"]
    assert planned.placement("b").candidates == (("fast", 2.0), ("slow", 10.0))


def test_a_provider_that_is_too_small_is_rejected_with_the_reason() -> None:
    """A step would be placed where it cannot run, or nobody would know why not."""
    graph = workload({"a": ()}, cpus=4, slots=1)
    planned = plan(graph, {}, fleet(provider("small", 9.0, cpus=2), provider("large", cpus=4)))
    assert planned.placement("a").provider == "large"
    assert planned.placement("a").rejected == (("small", "lacks 2 cpus"),)


def test_strategies_choose_otherwise() -> None:
    """`cheapest` or `round_robin` would have no effect."""
    graph = workload({"a": (), "b": ()})
    both = fleet(provider("dear", 2.0, price=36.0), provider("cheap", 1.0, price=3.6))
    times = estimates_for({"a": 10, "b": 10})
    cheap = plan(graph, times, both, "cheapest")
    assert [item.provider for item in cheap.placements] == ["cheap", "cheap"]
    assert cheap.cost == pytest.approx(0.02)
    turns = plan(graph, times, both, "round_robin")
    assert [item.provider for item in turns.placements] == ["dear", "cheap"]


def test_an_unknown_strategy_is_refused_with_those_there_are() -> None:
    """A typo would plan by some default."""
    with pytest.raises(BadInputError, match="did you mean 'fastest'"):
        plan(workload({"a": ()}), {}, fleet(provider("a")), "fasted")


def test_a_demand_over_every_provider_names_step_demand_and_the_largest() -> None:
    """The step would wait for ever."""
    graph = workload({"a": ()}, cpus=8, slots=1)
    with pytest.raises(
        BadInputError, match="the largest, big, has 4 cpus, 1 slots and lacks 4 cpus"
    ) as error:
        plan(graph, {}, fleet(provider("small", cpus=2), provider("big", cpus=4)))
    assert error.value.field == "workloads.w.steps.a.demand"
    assert error.value.value == "8 cpus, 1 slots"


def test_no_provider_is_refused() -> None:
    """It would fail as an empty minimum somewhere inside."""
    with pytest.raises(BadInputError, match="providers"):
        plan(workload({"a": ()}), {}, fleet())


def test_caveats_are_told_before_it_runs() -> None:
    """A user would learn of them afterwards."""
    graph = workload({"a": (), "b": (), "c": (), "d": ()})
    hasty = replace(graph.steps[1], timeout_seconds=4)
    graph = replace(graph, steps=(graph.steps[0], hasty, *graph.steps[2:]))
    times = estimates_for({"b": 3}) | {
        "c": Estimate("c", 1, 2, success=0.5, n=9, source="trained"),
        "d": Estimate("d", 1, 2, source="siblings"),
    }
    busy = replace(provider("p", slots=2), free=Resources(slots=1))
    planned = plan(graph, times, fleet(busy))
    assert planned.warnings == (
        "no history of a: durations are assumed",
        "no history of d: taken to last as others of the matrix",
        "may exceed their time-out: b",
        "fail more often than one time in five: c",
        "p has only 1 slots free now: steps may start later",
    )
    assert planned.estimate_source == "mixed: default, history, siblings, trained"


@pytest.mark.integration
def test_ten_thousand_steps_are_planned() -> None:
    """Planning would be quadratic: this test would take minutes, not a second or two."""
    needs = {f"s{n}": (f"s{n - 100}",) if n >= 100 and n % 3 else () for n in range(10_000)}
    graph = workload(dict(needs), cpus=0.5, slots=1)
    times = estimates_for({name: 1.0 + n % 17 for n, name in enumerate(needs)})
    planned = plan(
        graph, times, fleet(provider("a", slots=8, cpus=4), provider("b", 2, slots=8, cpus=3))
    )
    assert planned.makespan_seconds < planned.bound_seconds * 1.02


def assert_violation(planned: Plan, graph: StepGraph, expected: str) -> None:
    """The independent check finds that in the plan."""
    wrong = violations(graph, {"a": 2.0, "b": 2.0}, fleet(provider("x"), provider("y")), planned)
    assert any(expected in item for item in wrong), wrong


def test_the_checker_finds_each_kind_of_violation() -> None:
    """A defective plan would pass."""
    graph = workload({"a": (), "b": ("a",)})
    planned = plan(graph, estimates_for({"a": 2, "b": 2}), fleet(provider("x"), provider("y")))
    first, second = planned.placements
    early = replace(second, start_seconds=1.0, end_seconds=3.0)
    for broken, expected in [
        (replace(planned, placements=(first,)), "b is not placed"),
        (replace(planned, placements=(first, first, second)), "a is placed 2 times"),
        (replace(planned, order=("b", "a")), "b is ordered before a"),
        (replace(planned, placements=(first, early)), "b starts before a has ended"),
        (replace(planned, placements=(first, early)), "x holds 2 slots"),
        (replace(planned, placements=(first, replace(second, provider="z"))), "not in the fleet"),
        (replace(planned, placements=(replace(first, end_seconds=1.0), second)), "a takes 2 s"),
        (replace(planned, makespan_seconds=3.0), "it ends at 4 s"),
        (replace(planned, bound_seconds=9.0), "before its bound"),
    ]:
        assert_violation(broken, graph, expected)
