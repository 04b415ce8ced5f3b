"""A report as JSON, and as one CSV file for each table, with numbers in full precision."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from analytics.reports.data.model import Cell, Column, Report, Span, Table
from analytics.reports.render.quantities import heading

FIGURES = "figures"
# A spreadsheet program would take a text with such a start for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Spread = Sequence[tuple[Column, tuple[str, ...]]]
"""The columns of a table with the headings of each."""


def as_json(report: Report) -> str:
    """Return ``report`` as JSON; moments are ISO 8601, ranges are objects, unknown values null."""
    document = {
        "report": report.name,
        "title": report.title,
        "project": report.project,
        "made_at": moment(report.made_at),
        "period": _span(report.period),
        "compared_with": _span(report.compared_with) if report.compared_with else None,
        "notes": [*report.notes],
        "figures": [asdict(figure) for figure in report.figures],
        "sections": [
            {
                "title": section.title,
                "sentences": [*section.sentences],
                "tables": [_table(table) for table in section.tables],
                "charts": [
                    {"kind": type(chart).__name__.lower(), **asdict(chart)}
                    for chart in section.charts
                ],
            }
            for section in report.sections
        ],
    }
    return json.dumps(_plain(document), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def as_csv(table: Table) -> str:
    """Return a table as CSV; a range becomes three columns, and no text is a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    spread = spread_columns(table)
    writer.writerow([name for column in spread for name in column[1]])
    for row in table.rows:
        writer.writerow([_csv(value) for value in spread_row(spread, row)])
    return text.getvalue()


def figures_table(report: Report) -> Table:
    """Return the headlines as a table like any other."""
    columns = (
        Column("figure"),
        Column("value"),
        Column("unit"),
        Column("before"),
        Column("note"),
    )
    rows = tuple(
        (figure.name, figure.value, figure.unit, figure.before, figure.note)
        for figure in report.figures
    )
    return Table(FIGURES, "Figures", columns, rows)


def spread_columns(table: Table) -> Spread:
    """Return the columns with the headings of each: three where a cell is a range."""
    spread: list[tuple[Column, tuple[str, ...]]] = []
    for index, column in enumerate(table.columns):
        name = heading(column)
        is_range = any(not isinstance(row[index], str | float | int | None) for row in table.rows)
        names: tuple[str, ...] = (name, f"{name} low", f"{name} high") if is_range else (name,)
        spread.append((column, names))
    return spread


def spread_row(spread: Spread, row: tuple[Cell, ...]) -> Iterator[str | float | None]:
    """Yield the values of a row under the headings of ``spread_columns``."""
    for (column, names), cell in zip(spread, row, strict=True):
        if isinstance(cell, str | float | int | None):
            value = _finite(cell)
            is_moment = column.unit == "moment" and isinstance(value, float)
            yield moment(float(value)) if is_moment and value is not None else value
            yield from [None] * (len(names) - 1)
        else:
            yield from (_finite(number) for number in (cell.value, cell.low, cell.high))


def moment(at: float) -> str:
    """Return a moment as ISO 8601."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def safe(text: str) -> str:
    """Return a text that no spreadsheet program takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _csv(value: str | float | None) -> str | float | None:
    return safe(value) if isinstance(value, str) else value


def _table(table: Table) -> dict[str, Any]:
    return {
        "name": table.name,
        "title": table.title,
        "note": table.note,
        "columns": [asdict(column) for column in table.columns],
        "rows": [
            [_json_cell(*pair) for pair in zip(table.columns, row, strict=True)]
            for row in table.rows
        ],
    }


def _json_cell(column: Column, cell: Cell) -> Any:
    if column.unit == "moment" and isinstance(cell, float) and math.isfinite(cell):
        return moment(cell)
    return cell if isinstance(cell, str | float | int | None) else asdict(cell)


def _span(span: Span) -> dict[str, str]:
    return {"since": moment(span.since), "until": moment(span.until)}


def _finite(cell: Cell) -> str | float | None:
    if isinstance(cell, float) and not math.isfinite(cell):
        return None
    return cell if isinstance(cell, str | float | int) else None


def _plain(value: Any) -> Any:
    """Return a value for JSON, which has no NaN."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
