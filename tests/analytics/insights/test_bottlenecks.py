"""What runs wait for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.insights.bottlenecks import PathStep, bottlenecks, critical_path, seconds_by_key

RUN = [
    PathStep("a", "fetch", 0, 10),
    PathStep("b", "compile", 12, 50, ("a",)),
    PathStep("c", "lint", 12, 20, ("a",)),
    PathStep("d", "test", 50, 60, ("b", "c")),
]


def test_the_path_goes_through_what_ended_last() -> None:
    """A step that nobody waits for would be made faster."""
    assert [step.id for step in critical_path(RUN)] == ["a", "b", "d"]


def test_waiting_counts_apart() -> None:
    """A full machine would look like a slow step."""
    assert seconds_by_key(RUN) == {"": 2, "fetch": 10, "compile": 38, "test": 10}


def test_the_greatest_share_comes_first() -> None:
    """The list would have to be searched for what matters."""
    ranked = bottlenecks([RUN, RUN, RUN])
    assert [bottleneck.key for bottleneck in ranked] == ["compile", "fetch", "test", ""]
    assert ranked[0].share.expected == pytest.approx(38 / 60)
    assert (ranked[0].seconds, ranked[0].runs) == (3 * 38, 3)


def test_a_run_without_steps_has_no_bottleneck() -> None:
    """An empty run would divide by nothing."""
    assert bottlenecks([[]]) == []


def test_steps_in_a_circle_are_refused() -> None:
    """A broken record would keep training for ever."""
    with pytest.raises(ValueError, match="circle"):
        critical_path([PathStep("a", "a", 0, 1, ("b",)), PathStep("b", "b", 0, 2, ("a",))])


@given(st.lists(st.tuples(st.floats(0, 50), st.floats(0, 50)), min_size=1, max_size=8))
def test_a_chain_takes_all_of_its_time(parts: list[tuple[float, float]]) -> None:
    """Shares would not add up to the time that the run took."""
    at, steps = 0.0, list[PathStep]()
    for index, (waited, took) in enumerate(parts):
        needs = (str(index - 1),) if index else ()
        started_at = at + (waited if index else 0.0)
        at = started_at + took
        steps.append(PathStep(str(index), f"key {index % 3}", started_at, at, needs))
    assert sum(seconds_by_key(steps).values()) == pytest.approx(at)
