"""What a report is made from, and what it leaves out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analytics.reports import executive
from tests.analytics.reports.recorded import NOW, WEEK, last_week, nothing, shop_history


@pytest.mark.slow
def test_flow_runs_that_prefect_has_forgotten_are_not_compared() -> None:
    """A full week beside half a week would look like growth."""
    everything = replace(shop_history(), flows_since=NOW - 1.5 * WEEK)
    report = executive.report(last_week(everything))
    figures = {figure.name: figure for figure in report.figures}
    assert figures["flow runs"].before is None
    assert figures["workload runs"].before == 42
    assert any("Flow runs are not compared" in note for note in report.notes)


@pytest.mark.slow
def test_a_period_that_began_before_is_told() -> None:
    """Half of the runs would be missing, and nobody know."""
    everything = replace(shop_history(), flows_since=NOW - 0.5 * WEEK)
    report = executive.report(last_week(everything))
    assert any("are known only since 2024-09-30 12:00 UTC" in note for note in report.notes)


def test_against_a_period_of_nothing_there_is_no_change() -> None:
    """Everything would have grown without end."""
    everything = shop_history()
    recent = everything.of(last_week(everything).span)
    report = executive.report(last_week(recent))
    assert all(figure.before is None for figure in report.figures)
    assert "Nothing ended in the earlier period." in report.notes


def test_an_unknown_project_is_told_with_those_that_are_known() -> None:
    """A typing error would look like a project that does nothing."""
    report = executive.report(last_week(shop_history(), "shpo"))
    assert report.notes == ("Nothing is known of the project shpo. Known projects: shop.",)
    assert report.sections == ()
    [note] = executive.report(nothing()).notes
    assert note.startswith("Nothing ended in this period")
