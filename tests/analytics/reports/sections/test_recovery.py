"""Reasons, flaky steps and the time until things worked again."""

from __future__ import annotations

import pandas as pd

from analytics.reports.sections.recovery import (
    Outage,
    flaky_section,
    mean_time_to_recovery,
    outages,
    reasons_section,
    recovery_section,
)
from tests.analytics.reports.recorded import PASSWORD, last_week, nothing, shop_history


def ended(*states: str) -> pd.DataFrame:
    """Return runs of one key that ended so, 10 s apart."""
    return pd.DataFrame({"state": states, "ended_at": [10.0 * turn for turn in range(len(states))]})


def found(*states: str) -> list[Outage]:
    """Return the outages of a key whose runs ended so."""
    table = ended(*states)
    return outages(table, pd.Series("ship", index=table.index))


def test_it_is_down_from_the_first_failure_to_the_next_success() -> None:
    """Ten failures in a row would be ten short outages."""
    assert found("succeeded", "failed", "crashed", "timed_out", "succeeded", "succeeded") == [
        Outage("ship", 10.0, 40.0, 3)
    ]


def test_what_has_not_worked_since_is_open() -> None:
    """What is broken now would be missing."""
    assert found("failed", "succeeded", "failed") == [
        Outage("ship", 0.0, 10.0, 1),
        Outage("ship", 20.0, None, 1),
    ]


def test_a_cancelled_run_mends_nothing_and_breaks_nothing() -> None:
    """Stopping a run by hand would start or end an outage."""
    assert found("cancelled", "failed", "cancelled", "succeeded") == [Outage("ship", 10.0, 30.0, 1)]


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
    assert mean_time_to_recovery(nothing().now) is None
    sections = (recovery_section, flaky_section, reasons_section)
    assert all(not section(nothing()).tables for section in sections)
