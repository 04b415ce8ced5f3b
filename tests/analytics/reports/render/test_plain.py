"""A report as JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
import math

import pytest

from analytics.reports.catalogue import REPORTS
from analytics.reports.data.model import Column, Range, Table
from analytics.reports.render.plain import as_csv, as_json, figures_table
from tests.analytics.reports.recorded import nothing, report_of_last_week


def cells(table: Table) -> list[list[str]]:
    """Return what a program reads."""
    return [*csv.reader(io.StringIO(as_csv(table)))]


@pytest.mark.slow
@pytest.mark.parametrize("is_empty", [False, True], ids=["a week", "nothing"])
@pytest.mark.parametrize("name", [*REPORTS])
def test_json_holds_all_of_it(name: str, is_empty: bool) -> None:
    """A program would get less than the page shows, or no JSON at all."""
    report = REPORTS[name](nothing()) if is_empty else report_of_last_week(name)
    document = json.loads(as_json(report), parse_constant=pytest.fail)
    assert document["period"]["since"] == "2024-09-27T00:00:00+00:00"
    titles = [section["title"] for section in document["sections"]]
    assert titles == [section.title for section in report.sections]
    rows = [len(table["rows"]) for each in document["sections"] for table in each["tables"]]
    assert rows == [len(table.rows) for table in report.tables]


def test_ranges_are_three_columns_and_moments_iso() -> None:
    """A program would have to take a text apart."""
    table = Table(
        "t",
        "T",
        (Column("key"), Column("gain", "s"), Column("since", "moment")),
        (("a", Range(2.0, 1.0, 3.0), 0.0), ("b", None, None)),
    )
    assert cells(table) == [
        ["key", "gain (s)", "gain (s) low", "gain (s) high", "since (UTC)"],
        ["a", "2.0", "1.0", "3.0", "1970-01-01T00:00:00+00:00"],
        ["b", "", "", "", ""],
    ]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1"])
def test_no_text_is_a_formula(text: str) -> None:
    """A file name would run a program on the machine of whoever opens the table."""
    [_, [cell]] = cells(Table("t", "T", (Column("key"),), ((text,),)))
    assert cell == f"'{text}"


def test_what_is_not_a_number_is_nothing() -> None:
    """Some programs would not read the file at all."""
    columns = (Column("a", "s"), Column("at", "moment"), Column("b", "s"))
    rows = ((math.nan, math.nan, 1), (1.5, 0.0, Range(1.0, math.nan, math.inf)))
    [_, first, second] = cells(Table("t", "T", columns, rows))
    assert first == ["", "", "1", "", ""]
    assert second == ["1.5", "1970-01-01T00:00:00+00:00", "1.0", "", ""]


@pytest.mark.slow
def test_figures_are_a_table_like_any_other() -> None:
    """Who reads CSV alone would miss the headlines."""
    report = report_of_last_week("cost")
    rows = cells(figures_table(report))
    assert rows[0] == ["figure", "value", "unit", "before", "note"]
    assert len(rows) == 1 + len(report.figures)
