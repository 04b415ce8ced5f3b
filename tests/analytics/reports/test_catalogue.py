"""All reports, as they are made."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from analytics.reports.catalogue import REPORTS, make_report, needed_since, report_names, spans
from analytics.reports.data.model import Range, Section
from analytics.reports.data.period import DAY_SECONDS
from tests.analytics.reports.recorded import (
    NOW,
    PASSWORD,
    Shop,
    last_week,
    nothing,
    report_of_last_week,
    shop_history,
)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*REPORTS])
def test_rows_have_a_cell_for_every_column(name: str) -> None:
    """A number would stand below the heading of another."""
    report = report_of_last_week(name)
    assert report.tables
    for table in report.tables:
        assert {len(row) for row in table.rows} == {len(table.columns)}, table.name
        for row in table.rows:
            for column, cell in zip(table.columns, row, strict=True):
                number = isinstance(cell, int | float | Range | None)
                assert number == (column.unit != "") or cell is None, (table.name, column, cell)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*REPORTS])
def test_tables_and_charts_have_names_of_their_own(name: str) -> None:
    """One file would take the place of another."""
    report = report_of_last_week(name)
    for named_things in (report.tables, report.charts):
        names = [thing.name for thing in named_things]
        assert len(names) == len(set(names))
    assert PASSWORD not in str(report)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*REPORTS])
@pytest.mark.parametrize("shop", [Shop(days=1, runs_a_day=1), Shop(days=3, runs_a_day=2)])
def test_little_history_is_enough(name: str, shop: Shop) -> None:
    """Reports would fail in the first days of an installation."""
    everything = shop_history(shop)
    parts = [
        replace(everything, flows=everything.flows.iloc[:0]),
        replace(everything, steps=everything.steps.iloc[:0], runs=everything.runs.iloc[:0]),
        replace(everything, providers=(), needs={}),
    ]
    for part in parts:
        report = REPORTS[name](last_week(part))
        assert report.sections or "Nothing that this report covers" in report.notes[-1]


@pytest.mark.parametrize("name", [*REPORTS])
def test_without_history_each_is_short_and_says_so(name: str) -> None:
    """Empty tables would look like a fault."""
    report = REPORTS[name](nothing())
    assert report.sections == ()
    assert "Nothing ended" in report.notes[0]


@pytest.mark.slow
def test_a_report_is_made_by_its_name() -> None:
    """Who asks for one report would get another."""
    span, compared = spans("last 7 days", None, None, "previous period", NOW)
    report = make_report("cost", shop_history(), span, compared, "shop", NOW)
    assert (report.name, report.project) == ("cost", "shop")
    assert report_names("all") == [*REPORTS]
    assert report_names("success") == ["success"]


@pytest.mark.slow
def test_the_performance_report_shows_how_well_forecasts_held() -> None:
    """Calibration would be drawn and shown nowhere."""
    span, compared = spans("last 7 days", None, None, "none", NOW)
    calibration = [Section("Calibration", ("80 % of 80 %.",))]
    titles = {
        name: [
            section.title
            for section in make_report(
                name, shop_history(), span, compared, "", NOW, calibration
            ).sections
        ]
        for name in ("performance", "cost")
    }
    assert "Calibration" in titles["performance"]
    assert "Calibration" not in titles["cost"]


def test_history_is_read_back_to_what_is_compared() -> None:
    """A comparison with the year before would find nothing there."""
    span, compared = spans("last 7 days", date(2024, 9, 1), None, "52 weeks before", NOW)
    assert compared
    assert needed_since(span, compared) == compared.since
    assert needed_since(span, None) == NOW - 56 * DAY_SECONDS
