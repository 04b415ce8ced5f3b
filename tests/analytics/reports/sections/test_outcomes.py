"""How runs ended."""

from __future__ import annotations

import pandas as pd

from analytics.reports.data.model import Range, Span
from analytics.reports.data.period import DAY_SECONDS
from analytics.reports.sections.outcomes import states_over_time, success, success_section
from tests.analytics.reports.recorded import last_week, nothing, shop_history


def ended(*states: str) -> pd.DataFrame:
    """Return runs of one key that ended so, one a day."""
    at = [(turn + 0.5) * DAY_SECONDS for turn in range(len(states))]
    return pd.DataFrame({"key": "build", "state": states, "ended_at": at})


def test_what_was_stopped_or_lost_is_neither_success_nor_failure() -> None:
    """A user who cancels runs would make a flow look broken."""
    assert success(ended("succeeded", "failed", "cancelled", "crashed", "lost", "running")) == 0.5
    assert success(ended("cancelled")) is None


def test_each_is_counted_apart_with_its_interval() -> None:
    """Nobody could tell a crash from a failure, or 1 of 1 from 100 of 100."""
    states = ("succeeded", "failed", "timed_out", "cancelled", "crashed", "preempted")
    [table] = success_section("steps", "Steps", ended(*states), None, "key").tables
    [(key, ended_count, failed, share, before, lost, cancelled)] = table.rows
    assert (key, ended_count, failed, before, lost, cancelled) == ("build", 3, 2, None, 2, 1)
    assert isinstance(share, Range)
    assert share.low < 0.1 < 1 / 3 < 0.7 < share.high


def test_where_nothing_failed_it_says_so() -> None:
    """An empty chart of failures would look like a fault."""
    section = success_section("steps", "Steps", ended("succeeded"), None, "key")
    assert section.sentences == ("None of the steps has failed.",)
    assert section.charts == ()


def test_every_run_stands_in_the_column_of_its_day() -> None:
    """A bad day would not be seen, or another one be blamed."""
    table = ended("succeeded", "failed", "succeeded")
    chart = states_over_time("x", "X", table, Span(0, 3 * DAY_SECONDS))
    assert chart
    assert dict(chart.series) == {"succeeded": (1, 0, 1), "failed": (0, 1, 0)}
    assert states_over_time("x", "X", table.iloc[:0], Span(0, DAY_SECONDS)) is None


def test_all_runs_of_the_shop_are_in_the_chart() -> None:
    """The columns would add up to less than the report says."""
    now, span = last_week(shop_history()).now, last_week(shop_history()).span
    chart = states_over_time("x", "X", now.flows, span)
    assert chart
    assert sum(sum(counts) for _, counts in chart.series) == len(now.flows)
    assert success(nothing().now.flows) is None
