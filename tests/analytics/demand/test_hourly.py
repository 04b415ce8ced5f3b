"""Runs as hours: what was held and spent in each."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.demand.hourly import HOUR_SECONDS, HourlyUse, hourly

HOURS = st.floats(0, 20)


def test_a_run_holds_its_slot_for_the_part_of_each_hour_that_it_ran() -> None:
    """A run of a minute would count as an hour, or one over midnight in one day only."""
    table = hourly(
        [HourlyUse(0.5 * HOUR_SECONDS, 2.25 * HOUR_SECONDS, cpus=4, memory_mib=100)],
        0,
        4 * HOUR_SECONDS,
    )
    assert table["slots"].tolist() == pytest.approx([0.5, 1, 0.25, 0])
    assert table["cpus"].tolist() == pytest.approx([2, 4, 1, 0])
    assert table["memory_mib"].tolist() == pytest.approx([50, 100, 25, 0])


def test_money_is_spent_evenly_over_a_run() -> None:
    """A night's run would be billed to the hour in which it started."""
    table = hourly(
        [HourlyUse(0.5 * HOUR_SECONDS, 2.5 * HOUR_SECONDS, tokens=2000, money=4)],
        0,
        3 * HOUR_SECONDS,
    )
    assert table["money"].tolist() == pytest.approx([1, 2, 1])
    assert table["tokens"].tolist() == pytest.approx([500, 1000, 500])


def test_runs_are_counted_where_they_start() -> None:
    """The number of runs would grow with their length."""
    uses = [
        HourlyUse(0.1 * HOUR_SECONDS, 3 * HOUR_SECONDS),
        HourlyUse(0.2 * HOUR_SECONDS, 0.3 * HOUR_SECONDS),
        HourlyUse(2 * HOUR_SECONDS, 3 * HOUR_SECONDS),
    ]
    assert hourly(uses, 0, 3 * HOUR_SECONDS)["runs"].tolist() == [2, 0, 1]


def test_a_run_that_is_still_going_holds_its_slot_until_now() -> None:
    """The busiest moment would look idle while its runs last."""
    assert hourly([HourlyUse(HOUR_SECONDS, None)], 0, 3 * HOUR_SECONDS)[
        "slots"
    ].tolist() == pytest.approx([0, 1, 1])


def test_a_run_from_before_counts_from_the_first_hour() -> None:
    """The first hours would look idle whatever ran across them."""
    table = hourly([HourlyUse(-5 * HOUR_SECONDS, 1 * HOUR_SECONDS, money=6)], 0, 2 * HOUR_SECONDS)
    assert table["slots"].tolist() == pytest.approx([1, 0])
    assert table["money"].tolist() == pytest.approx([1, 0])
    assert table["runs"].tolist() == [0, 0]


def test_hours_are_named_by_their_first_second() -> None:
    """A forecast would be drawn at the wrong time."""
    table = hourly([], 7 * HOUR_SECONDS + 5, 9 * HOUR_SECONDS + 59)
    assert table.index.tolist() == [7 * HOUR_SECONDS, 8 * HOUR_SECONDS]
    assert table["slots"].tolist() == [0, 0]


@given(st.lists(st.tuples(HOURS, HOURS), max_size=10))
def test_nothing_held_or_spent_is_lost(spans: list[tuple[float, float]]) -> None:
    """Totals of a report would not add up to the sum of its runs."""
    uses = [
        HourlyUse(start * HOUR_SECONDS, (start + length) * HOUR_SECONDS, tokens=10)
        for start, length in spans
    ]
    table = hourly(uses, 0, 41 * HOUR_SECONDS)
    assert table["slots"].sum() == pytest.approx(sum(length for _, length in spans), abs=1e-3)
    assert table["tokens"].sum() == pytest.approx(10 * len(spans), abs=1e-3)
    assert (np.diff(table.index) == HOUR_SECONDS).all()
