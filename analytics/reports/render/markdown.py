"""A report as markdown, for an artifact of Prefect's UI."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from analytics.reports.data import period
from analytics.reports.data.model import Cell, Column, Figure, Report, Section, Table
from analytics.reports.render.quantities import change, is_better, written

_MAX_KEY_LENGTH = 44
_MAX_TEXT_LENGTH = 90
_SUMMARY_FIGURES = 5
# All white space except the no-break space.
_SPACES = re.compile(r"[^\S\xa0]+")
_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~$])")


def markdown(report: Report, files: Iterable[Path] = (), charts: str = "") -> str:
    """Return ``report`` as markdown; ``files`` hold it as well, ``charts`` is its picture."""
    parts = [f"# {report.title}", _head(report), *(f"*{note}*" for note in report.notes)]
    if report.figures:
        parts.append(_figures(report.figures))
    if charts:
        parts.append(charts)
    parts += [text for section in report.sections for text in _section(section)]
    file_lines = [f"- `{path}`" for path in files]
    if file_lines:
        parts += ["## Files", "\n".join(file_lines)]
    return "\n\n".join(parts)


def summary(report: Report) -> str:
    """Return one sentence with the report's title, period and first figures."""
    of_project = f" of {report.project}" if report.project else ""
    return f"{report.title}{of_project}, {period.written(report.period)}: {first_figures(report)}"


def first_figures(report: Report) -> str:
    """Return a line with the first figures, or with the reason why there are none."""
    if not report.sections:
        return " ".join(report.notes)
    figures = ", ".join(
        f"{figure.name} {written(figure.value, figure.unit)}"
        for figure in report.figures[:_SUMMARY_FIGURES]
    )
    return f"{figures}."


def escaped(text: str) -> str:
    """Return ``text`` escaped, so that names and messages are never read as markup."""
    return _SPECIAL.sub(r"\\\1", _SPACES.sub(" ", text).strip(" "))


def table_text(table: Table, *, titled: bool = True) -> str:
    """Return a table with its title, its first rows and its note."""
    table = table.without_empty()
    names = " | ".join(escaped(column.name) for column in table.columns)
    sides = "|".join(
        "--:" if column.unit not in {"", "moment"} else "---" for column in table.columns
    )
    rows = [
        "| "
        + " | ".join(
            _cell(cell, column, is_key=index == 0 and not column.unit)
            for index, (cell, column) in enumerate(zip(row, table.columns, strict=True))
        )
        + " |"
        for row in table.rows[: table.shown]
    ]
    hidden = len(table.rows) - table.shown
    notes = [f"The first {table.shown} of {len(table.rows)} rows."] if hidden > 0 else []
    notes += [table.note] if table.note else []
    lines = "\n".join([f"| {names} |", f"|{sides}|", *rows])
    head = f"**{escaped(table.title)}**\n\n" if titled else ""
    return f"{head}{lines}" + (f"\n\n{' '.join(notes)}" if notes else "")


def _head(report: Report) -> str:
    of_project = f" of {escaped(report.project)}" if report.project else ""
    compared = ""
    if report.compared_with:
        compared = f", compared with {period.written(report.compared_with)}"
    return f"{period.written(report.period)}{of_project}{compared}."


def _figures(figures: tuple[Figure, ...]) -> str:
    columns = (Column("figure"), Column("value"), Column("change"), Column("note"))
    rows = tuple(
        (
            escaped(figure.name),
            f"**{written(figure.value, figure.unit)}**",
            _change(figure),
            escaped(figure.note),
        )
        for figure in figures
    )
    table = Table("figures", "", columns, rows).without_empty()
    sides = ["--:" if column.name == "value" else "---" for column in table.columns]
    lines = [" | ".join(map(str, row)) for row in table.rows]
    head = ["| " * len(sides) + "|", f"|{'|'.join(sides)}|"]
    return "\n".join([*head, *(f"| {line} |" for line in lines)])


def _change(figure: Figure) -> str:
    better = is_better(figure)
    mark = "" if better is None else " ▲" if better else " ▼"
    return f"{change(figure)}{mark}"


def _section(section: Section) -> list[str]:
    tables = [table_text(table, titled=table.title != section.title) for table in section.tables]
    if not tables and not section.sentences:
        return []
    return [f"## {section.title}", *map(escaped, section.sentences), *tables]


def _cell(cell: Cell, column: Column, *, is_key: bool) -> str:
    """Return the text of a cell; a long key keeps its end, anything else its start."""
    text = written(cell, column.unit)
    if column.unit == "moment":
        # A narrow column would break a day at its hyphens.
        return text.replace("-", "\N{NON-BREAKING HYPHEN}")
    most = _MAX_KEY_LENGTH if is_key else _MAX_TEXT_LENGTH
    if len(text) > most:
        start = most // 3
        text = f"{text[:start]}…{text[start + 1 - most :]}" if is_key else f"{text[: most - 1]}…"
    if is_key and text and "`" not in text:
        return "`" + text.replace("|", "\\|") + "`"
    return escaped(text)
