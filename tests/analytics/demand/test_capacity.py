"""When what runs out, and what could be given back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.demand.capacity import Capacity, outlook
from analytics.demand.forecast import Demand
from analytics.demand.hourly import HOUR_SECONDS

START = 1_000_000.0


def _demand(median: list[float], high: list[float] | None = None) -> Demand:
    middle = np.array(median)
    upper = np.array(high or median)
    return Demand(middle, middle, middle, upper, {"same hour yesterday": 1.0}, 1.0, 1.0)


def test_it_says_when_slots_likely_and_possibly_run_out() -> None:
    """Nobody could tell a warning from a certainty."""
    capacity_outlook = outlook(_demand([2, 2, 5, 2], [3, 5, 7, 3]), Capacity("slots", 4), START)
    assert capacity_outlook.possible_at == START + HOUR_SECONDS
    assert capacity_outlook.likely_at == START + 2 * HOUR_SECONDS
    assert capacity_outlook.short == 3


def test_it_says_what_to_add_until_when_and_for_how_much() -> None:
    """A shortage would be known, but not what it takes."""
    capacity = Capacity("cpus", 4, unit=2, price=0.5)
    capacity_outlook = outlook(_demand([2, 5, 7, 2]), capacity, START)
    assert capacity_outlook.units == 2
    assert capacity_outlook.cost == pytest.approx(2 * 0.5 * 2)
    assert capacity_outlook.give_back_at == START + 3 * HOUR_SECONDS


def test_what_is_short_to_the_end_is_not_given_back() -> None:
    """A machine would be given back at the end of the forecast, in the middle of a peak."""
    assert outlook(_demand([2, 9]), Capacity("cpus", 4), START).give_back_at is None


def test_what_is_not_needed_can_be_given_back() -> None:
    """A machine nobody uses would cost money for ever."""
    capacity_outlook = outlook(_demand([3.0] * 10), Capacity("cpus", 8, unit=2, price=1), START)
    assert (capacity_outlook.spare_units, capacity_outlook.spare_from, capacity_outlook.saved) == (
        2,
        START,
        20,
    )
    assert capacity_outlook.possible_at is None


def test_giving_back_waits_for_a_peak_where_that_saves_more() -> None:
    """One busy hour to come would keep a machine for the whole week."""
    capacity_outlook = outlook(_demand([8.0] + [2.0] * 9), Capacity("cpus", 8, price=1), START)
    assert (capacity_outlook.spare_units, capacity_outlook.spare_from, capacity_outlook.saved) == (
        6,
        START + HOUR_SECONDS,
        54,
    )


def test_what_is_kept_is_never_given_back() -> None:
    """The last machine would be given back on an idle weekend."""
    capacity_outlook = outlook(_demand([0.0] * 5), Capacity("slots", 4, kept=4), START)
    assert capacity_outlook.spare_units == 0


def test_a_unit_of_nothing_is_refused() -> None:
    """A division by zero would hide which setting is wrong."""
    with pytest.raises(ValueError, match="positive units"):
        outlook(_demand([1.0]), Capacity("slots", 1, unit=0), START)


@given(
    high=st.lists(st.floats(0, 100), min_size=1, max_size=50),
    amount=st.floats(0, 100),
    unit=st.floats(0.5, 20),
)
def test_what_is_added_suffices_and_what_is_given_back_was_not_needed(
    high: list[float], amount: float, unit: float
) -> None:
    """A plan would be followed and still leave too little."""
    capacity_outlook = outlook(_demand(high), Capacity("cpus", amount, unit), START)
    assert amount + capacity_outlook.units * unit >= max(high) - 1e-6
    if capacity_outlook.spare_from is not None:
        rest = high[int((capacity_outlook.spare_from - START) / HOUR_SECONDS) :]
        assert amount - capacity_outlook.spare_units * unit >= max(rest) - 1e-6
