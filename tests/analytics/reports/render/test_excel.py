"""A report as a workbook."""

from __future__ import annotations

import io
from typing import Any

import pytest
from openpyxl import load_workbook

from analytics.reports.catalogue import REPORTS
from analytics.reports.data.model import Column, Report, Section, Span, Table
from analytics.reports.render.excel import workbook
from tests.analytics.reports.recorded import last_week, nothing, shop_history


def opened(report: Report) -> Any:
    """Return the workbook as a program reads it."""
    return load_workbook(io.BytesIO(workbook(report)))


def with_tables(*tables: Table) -> Report:
    """Return a report of these tables alone."""
    sections = (Section("S", tables=tables),)
    return Report("x", "X", Span(0, 86_400), None, "", 0.0, (), sections)


@pytest.mark.parametrize("name", [*REPORTS])
def test_every_table_is_a_sheet(name: str) -> None:
    """A table would be missing, or the file not open."""
    report = REPORTS[name](last_week(shop_history()))
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


def test_texts_stay_texts() -> None:
    """A name would become a formula, or a strange letter make the file unreadable."""
    table = Table("t", "T", (Column("key"),), (("=1+1",), ("bell\x07",)))
    sheet = opened(with_tables(table)).worksheets[1]
    assert [(cell.value, cell.data_type) for (cell,) in sheet.iter_rows(min_row=2)] == [
        ("=1+1", "s"),
        ("bell", "s"),
    ]


def test_names_of_sheets_are_allowed_and_different() -> None:
    """Excel would offer to repair the file."""
    long = "a/very:long*name?of[a]table-that-goes-on"
    tables = [Table(long, "T", (Column("key"),), ()) for _ in range(3)]
    names = opened(with_tables(*tables)).sheetnames[1:]
    assert len(set(names)) == 3
    assert all(len(name) <= 31 and not set(name) & set("[]:*?/\\") for name in names)
