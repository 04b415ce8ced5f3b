"""Reasons, flaky steps and the time until things worked again."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from analytics.reports.data.report_context import ReportContext
from analytics.reports.sections.recovery import (
    flaky_section,
    reasons_section,
    recovery_figures,
    recovery_section,
)
from tests.analytics.reports.recorded import NOW, PASSWORD, WEEK, last_week, nothing, shop_history

HOUR = 3600.0


def with_outages(*outages: tuple[float, float | None]) -> ReportContext:
    """Return the context of a week in which each workload failed and recovered so, in hours."""
    rows = [
        {
            "project": "p",
            "workload": f"w{number}",
            "environment": "e",
            "state": state,
            "ended_at": at,
        }
        for number, (since, until) in enumerate(outages)
        for state, at in (("failed", since), ("succeeded", until))
        if at is not None
    ]
    empty = nothing()
    runs = pd.DataFrame(rows).assign(ended_at=lambda runs: NOW - WEEK + HOUR * runs["ended_at"])
    return replace(empty, now=replace(empty.now, runs=runs))


def test_open_outages_are_counted_and_the_report_says_so() -> None:
    """What has been broken for days would make the mean time to recovery shorter."""
    context = with_outages((0, 1), (0, 3), (7 * 24 - 2, None))
    figure, _ = recovery_figures(context)
    # Half of what lasts beyond 1 h is over after 3 h; the open one is at risk until 2 h.
    assert figure.value == pytest.approx((1 + 2 * 2 / 3) * HOUR)
    section = recovery_section(context)
    assert section.sentences == (
        "1 of 3 had not worked again by the end of the period.",
        "The mean time to recovery counts them too, each with at least what it took so far.",
    )
    assert [row[0] for row in section.tables[0].rows] == ["p/w2 in e", "p/w0 in e", "p/w1 in e"]


def test_where_the_longest_is_open_the_mean_is_a_lower_bound() -> None:
    """The mean would be believed, although nobody knows how long the longest takes."""
    context = with_outages((0, 1), (7 * 24 - 3, None))
    figure, _ = recovery_figures(context)
    assert figure.value == pytest.approx((1 + 2 / 2) * HOUR)
    assert recovery_section(context).sentences[1] == (
        "The mean time to recovery counts them too, with up to 3\xa0h: the true mean is longer."
    )


def test_where_nothing_recovered_the_mean_is_not_known() -> None:
    """The report would call the age of an outage a time to recovery."""
    context = with_outages((7 * 24 - 5, None))
    figure, _ = recovery_figures(context)
    assert figure.value is None
    assert recovery_section(context).sentences[1] == (
        "The mean time to recovery is not known: so far they took up to 5\xa0h."
    )


def test_where_all_is_well_again_nothing_is_explained() -> None:
    """Every report would carry a lesson in statistics."""
    context = with_outages((0, 1), (0, 3))
    figure, _ = recovery_figures(context)
    assert figure.value == pytest.approx(2 * HOUR)
    assert recovery_section(context).sentences == (
        "0 of 2 had not worked again by the end of the period.",
    )


def test_causes_are_grouped_and_say_nothing_secret() -> None:
    """The table would be a log, or hold the password of a database."""
    [table] = reasons_section(last_week(shop_history())).tables
    assert [(row[0], row[1], row[3]) for row in table.rows] == [
        ("flow run", "failed", 5),
        ("step", "failed", 4),
        ("flow run", "crashed", 3),
    ]
    assert PASSWORD not in str(table)
    assert "could not reach postgres" in str(table.rows[0][2])


def test_a_step_that_was_rescued_is_flaky() -> None:
    """A step that fails every tenth time would hide behind its retries."""
    [table] = flaky_section(last_week(shop_history())).tables
    [(key, runs, rescued, further, share, lost)] = table.rows
    assert (key, runs, rescued, further) == ("shop/release/build", 42, 2, 2)
    assert (share, lost) == (2 / 42, 40.0)


def test_of_nothing_nothing_failed() -> None:
    """A mean of no outages would break the report."""
    assert recovery_figures(nothing())[0].value is None
    sections = (recovery_section, flaky_section, reasons_section)
    assert all(not section(nothing()).tables for section in sections)
