"""Which period a report is of, and which it is compared with."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.reports.data.model import Span
from analytics.reports.data.period import (
    DAY_SECONDS,
    PERIOD_DAYS,
    PeriodName,
    chosen_span,
    compared_span,
    grid,
    slug,
    written,
)
from tasks.errors import BadInputError

FIRST = date(2026, 11, 2)
MIDNIGHT = 1_793_577_600.0
NOW = MIDNIGHT + 10.5 * DAY_SECONDS


def test_without_days_it_ends_now() -> None:
    """The weekly report would lack what ran since midnight, or be of another length."""
    assert chosen_span("last 7 days", None, None, NOW) == Span(NOW - 7 * DAY_SECONDS, NOW)


def test_chosen_days_are_whole_and_both_included() -> None:
    """What ran on the last day that was asked for would be missing."""
    span = chosen_span("last 7 days", FIRST, date(2026, 11, 4), NOW)
    assert span == Span(MIDNIGHT, MIDNIGHT + 3 * DAY_SECONDS)
    assert written(span) == "2026-11-02 to 2026-11-04"
    assert slug(span) == "2026-11-02-to-2026-11-04"


def test_a_last_day_alone_ends_a_period_of_that_length() -> None:
    """Last month's report could not be made again."""
    span = chosen_span("last 30 days", None, date(2026, 11, 4), NOW)
    assert span == Span(MIDNIGHT - 27 * DAY_SECONDS, MIDNIGHT + 3 * DAY_SECONDS)


def test_today_ends_now() -> None:
    """Half a day that is still to come would make every rate and share too small."""
    assert chosen_span("last day", FIRST, date(2026, 11, 12), NOW).until == NOW


@pytest.mark.parametrize(
    ("since", "until"), [(date(2026, 12, 1), None), (FIRST, date(2026, 11, 1))]
)
def test_a_period_without_time_is_refused(since: date, until: date | None) -> None:
    """An empty report would look as if nothing had run."""
    with pytest.raises(BadInputError, match="Name a first day that is past"):
        chosen_span("last 7 days", since, until, NOW)


def test_what_it_is_compared_with_is_as_long() -> None:
    """A week would be compared with a month, and all would seem to have become less."""
    span = Span(NOW - 7 * DAY_SECONDS, NOW)
    before = compared_span(span, "previous period")
    assert before == Span(NOW - 14 * DAY_SECONDS, NOW - 7 * DAY_SECONDS)
    weeks = compared_span(span, "4 weeks before")
    assert weeks == Span(NOW - 35 * DAY_SECONDS, NOW - 28 * DAY_SECONDS)
    assert compared_span(span, "none") is None


@given(name=st.sampled_from(list(PERIOD_DAYS)), now=st.floats(min_value=1.7e9, max_value=1.8e9))
def test_the_columns_cover_the_period(name: PeriodName, now: float) -> None:
    """A bar of the first or the last day would be missing in every chart."""
    span = chosen_span(name, None, None, now)
    columns = grid(span)
    starts, width = columns.starts, columns.width_seconds
    assert starts[0] <= span.since < starts[0] + width
    assert starts[-1] < span.until <= starts[-1] + width
    assert len(starts) <= 55
    assert all(after - before == width for before, after in itertools.pairwise(starts))


@given(at=st.floats(min_value=1.7e9, max_value=1.8e9), name=st.sampled_from(list(PERIOD_DAYS)))
def test_every_moment_stands_in_its_column(at: float, name: PeriodName) -> None:
    """A run would be drawn in another week, or in none."""
    columns = grid(
        Span(at - PERIOD_DAYS[name] * DAY_SECONDS / 2, at + PERIOD_DAYS[name] * DAY_SECONDS / 2)
    )
    [start] = columns.start_of(pd.Series([at]))
    assert start in columns.starts
    assert start <= at < start + columns.width_seconds


def test_weeks_begin_on_monday() -> None:
    """Columns would cut weekends in two."""
    columns = grid(Span(NOW - 90 * DAY_SECONDS, NOW))
    assert columns.name == "week"
    assert {datetime.fromtimestamp(at, UTC).weekday() for at in columns.starts} == {0}
