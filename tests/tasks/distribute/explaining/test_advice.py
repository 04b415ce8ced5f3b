"""The advice for a user before a plan runs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tasks.distribute.explaining.advice import advice_on
from tasks.distribute.explaining.binding import binding
from tasks.distribute.explaining.whatif import Effect
from tasks.plan import FleetSnapshot
from tasks.planning.planner import plan
from tests.tasks.planning.fakes import estimates_of, graph_of, provider, step

GRAPH = graph_of(step("a"), step("b", "a"))
TIMES = estimates_of({"a": 10, "b": 10})
FLEET = FleetSnapshot(1, 0.0, (provider("x"), provider("slow", 0.1), provider("tiny", slots=0)))
PLAN = plan(GRAPH, TIMES, FLEET)


def advised(
    effects: tuple[Effect, ...] = (), deadline_seconds: float | None = None, **changed: object
) -> str:
    """All of it as one text."""
    plan = replace(PLAN, **changed)  # type: ignore[arg-type]  # any field of a plan
    plan_binding = binding(GRAPH, PLAN, FLEET)
    advices = advice_on(
        GRAPH,
        {},
        FLEET,
        plan,
        plan_binding,
        effects=effects,
        deadline_seconds=deadline_seconds,
    )
    return "\n".join(f"{advice.finding}. {advice.remedy}" for advice in advices)


def test_assumed_durations_come_with_their_remedy() -> None:
    """A user would read that there is no history, and not how to get one."""
    assert "no history of a, b: durations are assumed. Run it once" in advised()


def test_idle_providers_are_named_with_the_reason() -> None:
    """A user would pay for a machine that nothing can use."""
    assert "slow gets no step: by time or by the strategy" in advised()
    assert "tiny gets no step: it is too small for each of them" in advised()
    assert "x gets no step" not in advised()


@pytest.mark.parametrize(
    ("deadline", "message"),
    [
        (19.0, "no plan can end within 19.0 s: the bound is 20.0 s"),
        (22.0, "the plan takes 3.0 s longer than allowed"),
        (25.0, ""),
    ],
)
def test_a_deadline_below_the_bound_is_told_from_one_that_the_plan_misses(
    deadline: float, message: str
) -> None:
    """A user would wait for a better plan where there can be none."""
    text = advised(deadline_seconds=deadline, makespan_seconds=25.0)
    assert (message in text) if message else ("allowed" not in text and "no plan" not in text)


def test_a_plan_that_cannot_be_better_says_so() -> None:
    """A user would try other strategies in vain."""
    assert "the plan is at its bound" in advised()
    assert "the needs alone decide the end" in advised()
    assert "at its bound" not in advised(makespan_seconds=25.0)


def test_the_change_that_gains_most_is_named() -> None:
    """It would have to be looked for in a table."""
    effects = (Effect("one more", 18, 2, 0.0), Effect("split", 15, 5, 0.0))
    assert "split saves 25% of the time" in advised(effects)
    assert "saves" not in advised((Effect("nothing", 20, 0, 0.0),))
