"""The slack of steps."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.distribute.explaining.slack import slack_seconds
from tasks.plan import FleetSnapshot
from tasks.planning.feasibility import violations
from tasks.planning.planner import plan
from tasks.planning.strategy import STRATEGIES
from tasks.workload import StepGraph
from tests.tasks.planning.fakes import estimates_of, graph_of, provider, step
from tests.tasks.planning.test_planner import estimates_for, problems


def test_both_followers_and_the_provider_leave_no_slack() -> None:
    """A step would be said to have time that another waits for."""
    graph = graph_of(step("a"), step("b", "a"), step("c"), step("d"))
    fleet = FleetSnapshot(1, 0.0, (provider("x"), provider("y")))
    planned = plan(graph, estimates_of({"a": 3, "b": 4, "c": 2, "d": 3}), fleet)
    slack = slack_seconds(graph, planned, fleet)
    assert slack == {"a": 0.0, "b": 0.0, "c": pytest.approx(2), "d": pytest.approx(2)}


@pytest.mark.slow
@given(problems(), st.sampled_from(sorted(STRATEGIES)))
def test_all_steps_may_end_that_late_at_once(
    problem: tuple[StepGraph, dict[str, float], FleetSnapshot], strategy: str
) -> None:
    """Who relies on the slack would delay the whole."""
    graph, seconds, fleet = problem
    planned = plan(graph, estimates_for(seconds), fleet, strategy)
    slack = slack_seconds(graph, planned, fleet)
    assert min(slack.values()) == 0.0
    late = tuple(
        replace(
            item,
            start_seconds=item.start_seconds + slack[item.step],
            # Rounding lets steps overlap by less than that.
            end_seconds=item.end_seconds + slack[item.step] - 5e-7,
        )
        for item in planned.placements
    )
    by_start = sorted(range(len(late)), key=lambda index: (late[index].start_seconds, index))
    order = tuple(late[index].step for index in by_start)
    end = max(item.end_seconds for item in late)
    assert end <= planned.makespan_seconds + 1e-6
    shifted = replace(planned, placements=late, order=order, makespan_seconds=end)
    wrong = [each for each in violations(graph, seconds, fleet, shifted) if "ordered" not in each]
    assert [each for each in wrong if "before its bound" not in each] == []
