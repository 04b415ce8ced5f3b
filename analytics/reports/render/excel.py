"""A report as an Excel workbook: a sheet of figures and one for each table, with number formats."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import repeat
from typing import Any

from xlsxwriter import Workbook

from analytics.reports.data import period
from analytics.reports.data.model import Report, Table, Unit
from analytics.reports.render.plain import figures_table, spread_columns, spread_row

MAX_TEXT_UNITS = 32_767
"""The length at which Excel cuts the text of a cell, in units of UTF-16."""

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
_FIGURES_SHEET = "Figures"
_MAX_NAME_UNITS = 31
_MAX_COLUMN_WIDTH = 60
_MIN_COLUMN_WIDTH = 9
_TITLE = {"bold": True, "font_size": 14}
_HEAD = {"bold": True, "font_color": "#FFFFFF", "bg_color": "#4F79A3", "text_wrap": True}
# Each of these would change what the reader sees: a text may look like a number or an address.
_TEXTS_STAY_TEXTS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}
# What XML 1.0 cannot hold, which includes the halves of characters.
_ILLEGAL = re.compile("[^\t\n\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Characters that a sheet's name must not contain.
_FORBIDDEN = re.compile(r"[\[\]:*?/\\\s]")
# Excel keeps this name for itself.
_RESERVED_NAME = "history"


@dataclass(frozen=True, slots=True)
class _Styles:
    """The formats of one workbook: of its title, of the heads of columns, and of each unit."""

    title: Any
    head: Any
    units: Mapping[Unit, Any]


def workbook(report: Report) -> bytes:
    """Return the workbook; the same report is the same bytes."""
    content = io.BytesIO()
    with Workbook(content, _TEXTS_STAY_TEXTS) as document:
        created = datetime.fromtimestamp(report.made_at, UTC).replace(tzinfo=None)
        document.set_properties({"title": cell_text(report.title), "created": created})
        styles = _Styles(
            document.add_format(_TITLE),
            document.add_format(_HEAD),
            {unit: document.add_format({"num_format": text}) for unit, text in _FORMATS.items()},
        )
        _overview(document.add_worksheet(_FIGURES_SHEET), report, styles)
        names = [_FIGURES_SHEET]
        for table in report.tables:
            names.append(sheet_name(table.name, names))
            _sheet(document.add_worksheet(names[-1]), table, styles)
    return content.getvalue()


def cell_text(text: str) -> str:
    """Return a text as a cell can hold it: without illegal characters, and cut where it is long."""
    legal = _ILLEGAL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    cut = _cut(legal, MAX_TEXT_UNITS)
    return legal if cut == legal else f"{_cut(legal, MAX_TEXT_UNITS - 1)}…"


def sheet_name(title: str, taken: Sequence[str]) -> str:
    """Return a name that Excel allows for a sheet and that no sheet of ``taken`` has."""
    # Excel does not tell small letters from capital ones, and allows no apostrophe at either end.
    used = {_RESERVED_NAME, *(name.casefold() for name in taken)}
    start = _FORBIDDEN.sub(" ", cell_text(title)).strip(" '") or "Table"
    name, number = _cut(start, _MAX_NAME_UNITS).rstrip(" '"), 2
    while name.casefold() in used:
        end = f" {number}"
        name = _cut(start, _MAX_NAME_UNITS - len(end)).rstrip(" '") + end
        number += 1
    return name


def _cut(text: str, units: int) -> str:
    """Return the start of a text, at most ``units`` units of UTF-16 and no half of a character."""
    return text.encode("utf-16-le")[: 2 * units].decode("utf-16-le", "ignore")


def _overview(sheet: Any, report: Report, styles: _Styles) -> None:
    lines = [report.title, period.written(report.period), *report.notes]
    if report.compared_with:
        lines.insert(2, f"compared with {period.written(report.compared_with)}")
    for row, line in enumerate(lines):
        sheet.write_string(row, 0, cell_text(line), None if row else styles.title)
    units: Iterator[Sequence[Unit]] = (
        ("", figure.unit, "", figure.unit, "") for figure in report.figures
    )
    _table(sheet, figures_table(report), styles, len(lines) + 1, units)


def _sheet(sheet: Any, table: Table, styles: _Styles) -> None:
    units: Sequence[Unit] = [column.unit for column, names in spread_columns(table) for _ in names]
    _table(sheet, table, styles, 0, repeat(units))
    sheet.freeze_panes(1, 0)
    if table.rows:
        sheet.autofilter(0, 0, len(table.rows), len(units) - 1)


def _table(
    sheet: Any, table: Table, styles: _Styles, start: int, units: Iterable[Sequence[Unit]]
) -> None:
    """Write a table from the row ``start`` on; ``units`` has those of each row's cells."""
    spread = spread_columns(table)
    heads = [name for _, names in spread for name in names]
    for column, head in enumerate(heads):
        sheet.write_string(start, column, cell_text(head), styles.head)
    widths = [len(head) for head in heads]
    for number, (row, of_row) in enumerate(zip(table.rows, units, strict=False), start + 1):
        for column, (value, unit) in enumerate(zip(spread_row(spread, row), of_row, strict=True)):
            _write(sheet, (number, column), value, unit, styles)
            widths[column] = max(widths[column], len(value) if isinstance(value, str) else 0)
    for column, width in enumerate(widths):
        sheet.set_column(column, column, min(max(width + 2, _MIN_COLUMN_WIDTH), _MAX_COLUMN_WIDTH))


def _write(
    sheet: Any, place: tuple[int, int], value: str | float | None, unit: Unit, styles: _Styles
) -> None:
    """Write a value; a text stays a text, whatever it starts with, and an unknown one is empty."""
    style = styles.units.get(unit)
    if isinstance(value, str) and unit == "moment":
        # Excel has no time zones.
        moment = datetime.fromisoformat(value).astimezone(UTC).replace(tzinfo=None)
        sheet.write_datetime(*place, moment, style)
    elif isinstance(value, str):
        sheet.write_string(*place, cell_text(value))
    elif value is not None and math.isfinite(value):
        sheet.write_number(*place, value, style)
