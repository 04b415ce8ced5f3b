"""Providers of several kinds: each step is planned with its duration on each kind."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tasks.distribute.dispatch.dispatcher import Dispatcher
from tasks.distribute.explaining.binding import binding
from tasks.distribute.explaining.whatif import changes, effects
from tasks.estimates import Estimate, estimate_of
from tasks.plan import FleetSnapshot
from tasks.planning.core.placement import PlacementRequest, place
from tasks.planning.feasibility import violations
from tasks.planning.outlook import with_eta
from tasks.planning.planner import plan, seconds_on_kinds
from tasks.planning.replay import replay
from tasks.planning.strategy import STRATEGIES
from tests.tasks.planning.fakes import (
    ONE,
    FakeAdmission,
    FakeExecution,
    graph_of,
    provider,
    step,
    submit,
)

SHELL = provider("here")
CLOUD = replace(provider("there"), kind="cloud")
FLEET = FleetSnapshot(1, 0.0, (SHELL, CLOUD))


def on_both(key: str, shell: float, cloud: float) -> Estimate:
    """What is expected of a key on the two kinds."""
    other = Estimate(key, cloud, cloud * 1.5, n=5, source="history", kind="cloud")
    return Estimate(key, shell, shell * 1.5, n=5, source="history", kind="shell", others=(other,))


GRAPH = graph_of(step("a"), step("b", "a"))
TIMES = {"a": on_both("a", 10, 2), "b": on_both("b", 3, 30)}


@pytest.mark.parametrize("strategy", sorted(STRATEGIES))
def test_every_strategy_reckons_with_the_kind(strategy: str) -> None:
    """A step would be planned to last as long as on another kind of machine."""
    planned = with_eta(GRAPH, TIMES, FLEET, plan(GRAPH, TIMES, FLEET, strategy))
    for item in planned.placements:
        takes = item.end_seconds - item.start_seconds
        expected = TIMES[item.step].on("shell" if item.provider == "here" else "cloud")
        assert takes == pytest.approx(expected.p50_seconds)
    seconds = {key: estimate.p50_seconds for key, estimate in TIMES.items()}
    on_kind = seconds_on_kinds(GRAPH, TIMES, FLEET)
    assert violations(GRAPH, seconds, FLEET, planned, on_kind) == []


def test_each_step_goes_where_it_is_quick() -> None:
    """What is slow on one kind of machine would be sent there all the same."""
    planned = plan(GRAPH, TIMES, FLEET)
    assert [item.provider for item in planned.placements] == ["there", "here"]
    assert planned.makespan_seconds == pytest.approx(5) == planned.bound_seconds
    again = replay(GRAPH, TIMES, FLEET, planned, "7")
    assert [item.provider for item in again.placements] == ["there", "here"]
    assert again.makespan_seconds == pytest.approx(5)


async def test_it_is_dispatched_there_too() -> None:
    """The plan would reckon with kinds, and the run would not."""
    execution = FakeExecution()
    admission = FakeAdmission(SHELL, CLOUD)
    await Dispatcher(
        GRAPH,
        plan(GRAPH, TIMES, FLEET),
        TIMES,
        admission.fleet,
        admission,
        execute=execution,
        submit=submit,
        workload_id="w1",
        fence=1,
        clock=lambda: 0.0,
    ).run()
    assert execution.started == [("a", "there"), ("b", "here")]
    [choice] = place([PlacementRequest("a", ONE, 10, on_kind={"cloud": 2.0})], [], FLEET, 0.0)
    assert choice.candidates == (("there", 2.0), ("here", 10.0))


def test_a_kind_without_history_borrows_and_says_so() -> None:
    """A new kind of machine would be planned as unknown, or nobody would know it is a guess."""
    other = replace(provider("new"), kind="vm")
    fleet = FleetSnapshot(1, 0.0, (SHELL, CLOUD, other))
    planned = plan(GRAPH, TIMES, fleet)
    assert "no history on vm of a, b: taken to last as on shell" in planned.warnings
    assert not any("no history on" in warning for warning in plan(GRAPH, TIMES, FLEET).warnings)


def test_a_shard_sums_up_its_tests_for_each_kind() -> None:
    """Shards would be planned by the first kind alone."""
    shard = replace(step("shard"), items=("a", "b", "unknown"), history_key="startup")
    expected = estimate_of(shard, TIMES | {"startup": on_both("startup", 1, 4)})
    assert expected.p50_seconds == pytest.approx(1 + 1.5 * 13)
    assert expected.on("cloud").p50_seconds == pytest.approx(4 + 1.5 * 32)
    assert expected.on("cloud").kind == "cloud"


def test_half_a_step_is_half_on_every_kind() -> None:
    """What splitting a step gains would be reckoned with the wrong kind."""
    planned = plan(GRAPH, TIMES, FLEET)
    tried_changes = changes(GRAPH, TIMES, FLEET, planned, binding(GRAPH, planned, FLEET))
    [split] = [each for each in tried_changes if each.what == "b split in two"]
    assert split.estimates["half of b"].on("cloud").p50_seconds == 15
    assert effects([split], planned, plan)[0].gain_seconds >= 0
