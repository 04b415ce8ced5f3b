"""The files of a report in the requested formats, below Slipway's home; newer ones replace them."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

from analytics.reports.data import period
from analytics.reports.data.model import Report
from analytics.reports.render.excel import workbook
from analytics.reports.render.page import page
from analytics.reports.render.plain import as_csv, as_json, figures_table
from blocks.removal import discard

FormatName = Literal["html", "json", "csv", "excel"]
FORMATS: tuple[FormatName, ...] = ("html", "json", "csv", "excel")
TABLES = "tables"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def folder_of(reports: Path, report: Report) -> Path:
    """Return the folder of ``report`` below ``reports``: its name, its project and its days."""
    project = f"-{_UNSAFE.sub('-', report.project)}" if report.project else ""
    return reports / f"{report.name}{project}-{period.slug(report.period)}"


def write(reports: Path, report: Report, formats: Iterable[FormatName]) -> list[Path]:
    """Write ``report`` in ``formats`` to its folder, which replaces an earlier one.

    Only the owner may read it. Returns the written paths, with one for the folder of tables.
    """
    distinct_formats = tuple(dict.fromkeys(formats))
    if not distinct_formats:
        return []
    folder = folder_of(reports, report)
    reports.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=reports))
    try:
        names = [
            name
            for format_name in distinct_formats
            for name in _written(draft, report, format_name)
        ]
        _replace(draft, folder)
    finally:
        discard(draft)
    return [folder / name for name in names]


def _written(folder: Path, report: Report, format_name: FormatName) -> Iterator[str]:
    if format_name == "csv":
        (folder / TABLES).mkdir()
        for table in (figures_table(report), *report.tables):
            path = folder / TABLES / f"{table.name}.csv"
            path.write_text(as_csv(table), encoding="utf-8")
        yield TABLES
    elif format_name == "excel":
        (folder / "report.xlsx").write_bytes(workbook(report))
        yield "report.xlsx"
    else:
        text = page(report) if format_name == "html" else as_json(report)
        (folder / f"report.{format_name}").write_text(text, encoding="utf-8")
        yield f"report.{format_name}"


def _replace(draft: Path, folder: Path) -> None:
    """Move ``draft`` to ``folder``, and remove an existing one."""
    if not folder.exists():
        draft.rename(folder)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{folder.name}.old.", dir=folder.parent))
    folder.rename(old / "report")
    draft.rename(folder)
    discard(old)
