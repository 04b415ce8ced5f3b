"""Outages, and the time until things worked again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.reports.data.outages import (
    Outage,
    mean_time_to_recovery,
    outages,
    restricted_mean,
)
from tests.analytics.reports.recorded import nothing

SECONDS = st.floats(0.5, 1e6)


def ended(*states: str) -> pd.DataFrame:
    """Return runs of one key that ended so, 10 s apart."""
    return pd.DataFrame({"state": states, "ended_at": [10.0 * turn for turn in range(len(states))]})


def outages_of(*states: str) -> list[Outage]:
    """Return the outages of a key whose runs ended so."""
    table = ended(*states)
    return outages(table, pd.Series("ship", index=table.index))


def test_it_is_down_from_the_first_failure_to_the_next_success() -> None:
    """Ten failures in a row would be ten short outages."""
    assert outages_of("succeeded", "failed", "crashed", "timed_out", "succeeded", "succeeded") == [
        Outage("ship", 10.0, 40.0, 3)
    ]


def test_what_has_not_worked_since_is_open() -> None:
    """What is broken now would be missing."""
    assert outages_of("failed", "succeeded", "failed") == [
        Outage("ship", 0.0, 10.0, 1),
        Outage("ship", 20.0, None, 1),
    ]


def test_a_cancelled_run_mends_nothing_and_breaks_nothing() -> None:
    """Stopping a run by hand would start or end an outage."""
    assert outages_of("cancelled", "failed", "cancelled", "succeeded") == [
        Outage("ship", 10.0, 30.0, 1)
    ]


def by_hand(ended: list[float], still_open: list[float]) -> float:
    """Return the area below the product-limit estimate, as a textbook adds it up."""
    area, before, lasting = 0.0, 0.0, 1.0
    for at in sorted({*ended, *still_open}):
        area += (at - before) * lasting
        at_risk = sum(seconds >= at for seconds in ended + still_open)
        lasting *= 1 - ended.count(at) / at_risk
        before = at
    return area


def test_an_open_outage_counts_with_what_it_lasted_so_far() -> None:
    """The mean would be that of the short ones, which are the first to end."""
    # Of four, three last beyond 10 s; of the three, two beyond 20 s; the last one ends at 30 s.
    assert restricted_mean([10.0, 20.0, 30.0], [25.0]) == pytest.approx(10 + 7.5 + 5)


def test_it_is_the_mean_of_a_textbook() -> None:
    """The figure would be one of our own invention."""
    # Weeks of remission under 6-MP: 23.29 up to 35 weeks (Klein and Moeschberger, example 4.1).
    ended = [6.0, 6, 6, 7, 10, 13, 16, 22, 23]
    still_open = [6.0, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    assert restricted_mean(ended, still_open) == pytest.approx(23.29, abs=0.005)


@given(st.lists(SECONDS, min_size=1, max_size=9), st.lists(SECONDS, max_size=9))
def test_it_is_the_area_below_the_product_limit(
    ended: list[float], still_open: list[float]
) -> None:
    """Ties, or an open one that is the longest, would be counted wrongly."""
    mean = restricted_mean(ended, still_open)
    assert mean == pytest.approx(by_hand(ended, still_open))
    # Each lasts at least as long as is known of it.
    assert mean >= np.mean([*ended, *still_open]) * (1 - 1e-9)


def test_without_open_ones_it_is_the_plain_mean() -> None:
    """Nobody could check the figure with the table below it."""
    assert restricted_mean([1.0, 2.0, 6.0], []) == 3.0


def test_the_mean_is_of_what_the_tables_know() -> None:
    """An outage would be counted until a moment that the report does not cover."""
    runs = pd.DataFrame(
        [
            {"project": "p", "workload": name, "environment": "e", "state": state, "ended_at": at}
            for name, state, at in (
                ("a", "failed", 0.0),
                ("a", "succeeded", 40.0),
                ("b", "failed", 60.0),
            )
        ]
    )
    tables = replace(nothing().now, runs=runs, until=80.0)
    assert mean_time_to_recovery(tables) == pytest.approx(40.0)
    assert mean_time_to_recovery(replace(tables, until=120.0)) == pytest.approx(40 + 20 / 2)
    assert mean_time_to_recovery(replace(tables, runs=runs.iloc[[0]])) is None
    assert mean_time_to_recovery(nothing().now) is None
