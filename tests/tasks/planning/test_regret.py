"""Past workloads under other policies, each replayed with the actual durations."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blocks.providers.interface import Resources
from tasks.estimates import Estimate
from tasks.plan import FleetSnapshot, ProviderState
from tasks.planning.regret import (
    ACTUAL,
    AS_DECIDED,
    PERFECT_KNOWLEDGE,
    PastWorkload,
    PlanningPolicy,
    by_step,
    results,
    sentence,
    table,
)
from tasks.planning.strategy import STRATEGIES
from tests.tasks.planning.fakes import estimates_of, graph_of, provider, step

ROOM = Resources(slots=1)
FLEET = FleetSnapshot(
    1,
    0.0,
    (
        ProviderState("slow", "shell", ROOM, ROOM, 1.0, 36.0),
        ProviderState("fast", "shell", ROOM, ROOM, 4.0, 360.0),
    ),
)
GRAPH = graph_of(step("a"), step("b"), step("c"))
TOOK = {"a": 2.0, "b": 2.0, "c": 16.0}
PAST = PastWorkload(
    "w", GRAPH, FLEET, TOOK, {}, {AS_DECIDED: estimates_of(TOOK), "default": {}}, took_seconds=5.0
)


def _seconds(past: PastWorkload) -> dict[tuple[str, str], float]:
    return {
        (result.policy.model, result.policy.strategy): result.seconds for result in results(past)
    }


def test_each_policy_is_judged_by_what_the_steps_took() -> None:
    """A policy would be praised for what it had expected."""
    seconds = _seconds(PAST)
    assert seconds[ACTUAL, "planned"] == 5.0
    # The long step on the fast provider, the short ones beside it.
    assert seconds[AS_DECIDED, "planned"] == seconds[PERFECT_KNOWLEDGE, "planned"] == 4.0
    assert seconds["default", "planned"] > 4.0
    # All of it on the fast one; on the cheap one.
    assert seconds[AS_DECIDED, "fastest"] == 5.0
    assert seconds[AS_DECIDED, "cheapest"] == 20.0
    assert {strategy for _, strategy in seconds} == set(STRATEGIES)


def test_regret_is_against_the_best_of_each_workload() -> None:
    """A policy that is best on average would pass for one without regret."""
    rows = table([results(PAST), results(PAST)])
    by_policy = {(row["estimates"], row["strategy"]): row for row in rows}
    assert rows[0]["regret (%)"] == 0
    own, cheap = by_policy[AS_DECIDED, "planned"], by_policy[AS_DECIDED, "cheapest"]
    assert (own["workloads"], own["makespan (s)"], own["regret (s)"]) == (2, 4.0, 0.0)
    assert (cheap["regret (s)"], cheap["regret (%)"]) == (16.0, 400.0)
    assert cheap["cost"] == pytest.approx(2 * 20 * 36 / 3600)
    assert by_policy[ACTUAL, ""]["cost"] == ""
    assert sentence(rows).startswith("2 workloads planned as decided: 4.0 s")
    assert sentence(rows[:1]).startswith("The least regret: ")


def test_idle_memory_is_what_was_reserved_beyond_the_peak() -> None:
    """Who asks for too much would never learn what that costs."""
    declared_step = replace(step("a"), demand=Resources(memory_mib=1000, slots=1))
    room = Resources(memory_mib=1000, slots=1)
    fleet = FleetSnapshot(1, 0.0, (ProviderState("x", "shell", room, room),))
    past = PastWorkload(
        "w", graph_of(declared_step), fleet, {"a": 3600.0}, {"a": 400.0}, {"default": {}}
    )
    assert {result.waste_mib_hours for result in results(past)} == {600.0}


def test_a_shard_is_estimated_by_its_items_and_a_skipped_step_takes_no_time() -> None:
    """A suite would be replayed as if nothing were known of its tests."""
    shard = replace(step("s"), items=("t1", "t2"))
    estimates = by_step(graph_of(shard, step("a")), estimates_of({"t1": 1.0, "t2": 2.0}))
    assert {name: estimate.p50_seconds for name, estimate in estimates.items()} == {"s": 3.0}
    past = PastWorkload(
        "w",
        graph_of(shard, step("a", "s", when="false")),
        FleetSnapshot(1, 0.0, (provider("x"),)),
        {"s": 5.0},
        {},
        {"known": estimates},
    )
    assert set(_seconds(past).values()) == {5.0}
    assert table([results(past)])[0]["strategy"]


@pytest.mark.slow
@settings(deadline=None, max_examples=10)
@given(
    st.lists(st.floats(0, 50), min_size=1, max_size=6),
    st.lists(st.floats(0, 50), min_size=6, max_size=6),
)
def test_no_policy_beats_the_critical_path_or_has_a_negative_regret(
    actual: list[float], expected: list[float]
) -> None:
    """A policy would be promised to do what is impossible."""
    names = [f"s{n}" for n in range(len(actual))]
    graph = graph_of(
        *(step(name, *names[max(0, n - 2) : max(0, n - 1)]) for n, name in enumerate(names))
    )
    estimates = {name: Estimate(name, expected[n], expected[n]) for n, name in enumerate(names)}
    past = PastWorkload(
        "w", graph, FLEET, dict(zip(names, actual, strict=True)), {}, {"said": estimates}
    )
    assert min(result.seconds for result in results(past)) >= max(actual) / 4 - 1e-6
    assert all(float(row["regret (s)"]) >= 0 for row in table([results(past)]))
    assert PlanningPolicy("said").strategy == "planned"
