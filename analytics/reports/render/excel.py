"""A report as an Excel workbook: a sheet of figures and one for each table, with number formats."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from typing import Any

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from analytics.reports.data import period
from analytics.reports.data.model import Report, Table, Unit
from analytics.reports.render.plain import figures_table, spread_columns, spread_row

_FORMATS: dict[Unit, str] = {
    "count": "#,##0",
    "s": "#,##0.00",
    "share": "0.0%",
    "change": "+0.0%;-0.0%;0.0%",
    "points": "+0.0%;-0.0%;0.0%",
    "ratio": "0.00",
    "money": "#,##0.00##",
    "MiB": "#,##0",
    "moment": "yyyy-mm-dd hh:mm",
}
_MAX_NAME_LENGTH = 31
_MAX_COLUMN_WIDTH = 60
_MIN_COLUMN_WIDTH = 9
# Characters that a sheet's name must not contain.
_FORBIDDEN = re.compile(r"[\[\]:*?/\\]")
_HEAD = Font(bold=True, color="FFFFFF")
_FILL = PatternFill("solid", fgColor="4F79A3")


def workbook(report: Report) -> bytes:
    """Return the workbook."""
    document = Workbook()
    first = document.active
    _overview(first, report)
    for table in report.tables:
        _sheet(document.create_sheet(_name(table.name, document.sheetnames)), table)
    content = io.BytesIO()
    document.save(content)
    return content.getvalue()


def _overview(sheet: Any, report: Report) -> None:
    sheet.title = "Figures"
    lines = [report.title, period.written(report.period), *report.notes]
    if report.compared_with:
        lines.insert(2, f"compared with {period.written(report.compared_with)}")
    for row, line in enumerate(lines, 1):
        _write(sheet.cell(row, 1), line)
    sheet.cell(1, 1).font = Font(bold=True, size=14)
    start = len(lines) + 2
    table = figures_table(report)
    _table(sheet, table, start)
    for row, figure in enumerate(report.figures, start + 1):
        for column in (2, 4):
            sheet.cell(row, column).number_format = _FORMATS.get(figure.unit, "General")


def _sheet(sheet: Any, table: Table) -> None:
    _table(sheet, table, 1)
    sheet.freeze_panes = "A2"
    if table.rows:
        sheet.auto_filter.ref = sheet.dimensions


def _table(sheet: Any, table: Table, start: int) -> None:
    spread = spread_columns(table)
    units = [column.unit for column, names in spread for _ in names]
    for place, name in enumerate((name for _, names in spread for name in names), 1):
        cell = sheet.cell(start, place)
        _write(cell, name)
        cell.font, cell.fill, cell.alignment = _HEAD, _FILL, Alignment(wrap_text=True)
    widths = [len(name) for _, names in spread for name in names]
    for number, row in enumerate(table.rows, start + 1):
        for place, (value, unit) in enumerate(zip(spread_row(table, row), units, strict=True), 1):
            _write(sheet.cell(number, place), value, unit)
            widths[place - 1] = max(widths[place - 1], len(value) if isinstance(value, str) else 0)
    for place, width in enumerate(widths, 1):
        letter = get_column_letter(place)
        sheet.column_dimensions[letter].width = min(
            max(width + 2, _MIN_COLUMN_WIDTH), _MAX_COLUMN_WIDTH
        )


def _write(cell: Any, value: str | float | None, unit: Unit = "") -> None:
    """Write a value; a text stays a text, whatever it starts with."""
    if unit == "moment" and isinstance(value, str):
        # Excel has no time zones.
        cell.value = datetime.fromisoformat(value).astimezone(UTC).replace(tzinfo=None)
    elif isinstance(value, str):
        cell.value = ILLEGAL_CHARACTERS_RE.sub("", value)
        cell.data_type = "s"
    else:
        cell.value = value
    if unit in _FORMATS and not isinstance(value, str):
        cell.number_format = _FORMATS[unit]
    elif unit == "moment" and value:
        cell.number_format = _FORMATS["moment"]


def _name(title: str, taken: list[str]) -> str:
    """Return a name for a sheet that is allowed and not taken."""
    name = _FORBIDDEN.sub(" ", title)[:_MAX_NAME_LENGTH]
    number = 2
    while name in taken:
        end = f" {number}"
        name, number = name[: _MAX_NAME_LENGTH - len(end)] + end, number + 1
    return name
