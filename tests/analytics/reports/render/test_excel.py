"""A report as a workbook."""

from __future__ import annotations

import io
import math
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from analytics.reports.catalogue import REPORTS
from analytics.reports.data.model import Column, Figure, Range, Report, Section, Span, Table
from analytics.reports.render.excel import MAX_TEXT_UNITS, cell_text, sheet_name, workbook
from tests.analytics.reports.recorded import nothing, report_of_last_week
from tests.properties import at_most


def opened(report: Report) -> Any:
    """Return the workbook as a program reads it."""
    return load_workbook(io.BytesIO(workbook(report)))


def with_tables(*tables: Table) -> Report:
    """Return a report of these tables alone."""
    sections = (Section("S", tables=tables),)
    return Report("x", "X", Span(0, 86_400), None, "", 0.0, (), sections)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*REPORTS])
def test_every_table_is_a_sheet(name: str) -> None:
    """A table would be missing, or the file not open."""
    report = report_of_last_week(name)
    workbook_read = opened(report)
    assert workbook_read.sheetnames == ["Figures", *(table.name[:31] for table in report.tables)]
    for sheet, table in zip(workbook_read.worksheets[1:], report.tables, strict=True):
        assert sheet.max_row == 1 + len(table.rows)
    assert opened(REPORTS[name](nothing())).sheetnames == ["Figures"]


def test_numbers_are_numbers_with_their_format() -> None:
    """Nobody could add up a column."""
    columns = (Column("share", "share"), Column("since", "moment"), Column("n", "count"))
    sheet = opened(with_tables(Table("t", "T", columns, ((0.5, 0.0, 3),)))).worksheets[1]
    share, since, count = sheet[2]
    assert (share.value, share.number_format) == (0.5, "0.0%")
    assert (since.value.year, since.is_date) == (1970, True)
    assert count.value == 3


def test_a_figure_has_the_format_of_its_unit() -> None:
    """A share of 0.975 would be read as 1 success."""
    figures = (Figure("success", 0.975, "share", 0.9), Figure("spent", 12.5, "money"))
    sheet = opened(replace(with_tables(), figures=figures)).worksheets[0]
    rows = {row[0].value: row for row in sheet.iter_rows()}
    assert [rows["success"][place].number_format for place in (1, 3)] == ["0.0%", "0.0%"]
    assert rows["spent"][1].number_format == "#,##0.00##"
    assert rows["spent"][3].value is None


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1+2", "@SUM(A1)", "{=1}", "=HYPERLINK(A1)", "http://a.example", "0012"]
)
def test_texts_stay_texts(text: str) -> None:
    """The name of a step would run as a formula, become a link, or lose its zeros."""
    sheet = opened(with_tables(Table("t", "T", (Column("key"),), ((text,),)))).worksheets[1]
    cell = sheet["A2"]
    assert (cell.value, cell.data_type, cell.hyperlink) == (text, "s", None)


def test_no_head_and_no_title_is_a_formula() -> None:
    """A column that is named after a workload would run as a formula."""
    report = replace(with_tables(Table("t", "T", (Column("=1+1"),), ())), title="=2+2")
    figures, table = opened(report).worksheets
    assert [(cell.value, cell.data_type) for cell in (figures["A1"], table["A1"])] == [
        ("=2+2", "s"),
        ("=1+1", "s"),
    ]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("bell\x07", "bell"),
        ("half \ud83d of it", "half  of it"),
        ("no character \uffff", "no character "),
        ("two\r\nlines", "two\nlines"),
        ("written _x0041_ so", "written _x0041_ so"),
        (" spaces ", " spaces "),
    ],
)
def test_what_a_file_cannot_hold_is_left_out(text: str, kept: str) -> None:
    """One strange letter in a message would make the whole file unreadable."""
    sheet = opened(with_tables(Table("t", "T", (Column("key"),), ((text,),)))).worksheets[1]
    assert sheet["A2"].value == kept


@pytest.mark.parametrize(
    ("text", "length"),
    [("x" * 40_000, MAX_TEXT_UNITS), ("\U0001f600" * 20_000, 16_384)],
    ids=["one unit a character", "two units a character"],
)
def test_a_long_text_is_cut_where_excel_would(text: str, length: int) -> None:
    """Excel would offer to repair the file because of one long message."""
    sheet = opened(with_tables(Table("t", "T", (Column("key"),), ((text,),)))).worksheets[1]
    value = sheet["A2"].value
    assert (len(value), value[-1]) == (length, "…")
    assert len(value.encode("utf-16-le")) <= 2 * MAX_TEXT_UNITS


def test_a_text_that_just_fits_is_not_cut() -> None:
    """A message would lose its end for nothing."""
    assert cell_text("x" * MAX_TEXT_UNITS) == "x" * MAX_TEXT_UNITS


def test_what_is_unknown_is_an_empty_cell() -> None:
    """NaN cannot be written, and an error in one cell would spread to every sum."""
    columns = (Column("share", "share"), Column("range", "s"), Column("at", "moment"))
    rows = (
        (math.nan, Range(1.0, math.nan, math.inf), math.nan),
        (None, None, None),
        (-math.inf, 2.0, 0.0),
    )
    sheet = opened(with_tables(Table("t", "T", columns, rows))).worksheets[1]
    values = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2, max_col=5)]
    assert values == [
        [None, 1, None, None, None],
        [None, None, None, None, None],
        [None, 2, None, None, datetime(1970, 1, 1)],  # noqa: DTZ001 - Excel has no zones
    ]


def test_a_moment_is_written_in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Excel has no time zones: the hour would be that of whoever made the report."""
    monkeypatch.setenv("TZ", "Pacific/Apia")
    time.tzset()
    try:
        at = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC).timestamp()
        table = Table("t", "T", (Column("at", "moment"),), ((at,),))
        cell = opened(with_tables(table)).worksheets[1]["A2"]
    finally:
        monkeypatch.undo()
        time.tzset()
    assert cell.value == datetime(2026, 3, 4, 5, 6, 7)  # noqa: DTZ001 - Excel has no zones
    assert cell.number_format == "yyyy-mm-dd hh:mm"


def test_names_of_sheets_are_allowed_and_different() -> None:
    """Excel would offer to repair the file."""
    long = "a/very:long*name?of[a]table-that-goes-on"
    titles = (long, long, long.upper(), "'quoted'", "'", "", "History", "history", "figures")
    tables = [Table(title, "T", (Column("key"),), ()) for title in titles]
    names = opened(with_tables(*tables)).sheetnames
    assert len({name.casefold() for name in names} | {"history"}) == 2 + len(titles)
    assert all(len(name) <= 31 and not set(name) & set("[]:*?/\\") for name in names)
    assert not any(name.startswith("'") or name.endswith("'") for name in names)


@pytest.mark.slow
@at_most(25)
@given(st.lists(st.text(max_size=40), min_size=2, max_size=9))
def test_any_names_make_a_workbook(titles: list[str]) -> None:
    """A table of an odd name would end the report."""
    names = ["Figures"]
    for title in titles:
        names.append(sheet_name(title, names))
    tables = [Table(title, "T", (Column("key"),), ()) for title in titles]
    assert opened(with_tables(*tables)).sheetnames == names


def test_tables_can_be_filtered_below_a_fixed_head() -> None:
    """Whoever scrolls down would not know what a column is."""
    table = Table("t", "T", (Column("key"), Column("n", "count")), (("a", 1), ("b", 2)))
    sheet = opened(with_tables(table)).worksheets[1]
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:B3")
    head = sheet["A1"]
    assert (head.font.bold, head.fill.fgColor.rgb) == (True, "FF4F79A3")
    assert sheet.column_dimensions["A"].width == pytest.approx(9.7, abs=1)


@pytest.mark.slow
def test_the_same_report_is_the_same_file() -> None:
    """A copy of a report would seem to have changed each time it is written."""
    report = report_of_last_week("executive")
    assert workbook(report) == workbook(report)
    assert opened(with_tables()).properties.created == datetime(1970, 1, 1)  # noqa: DTZ001 - as the file has it
