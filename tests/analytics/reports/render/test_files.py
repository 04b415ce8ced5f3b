"""The files of a report."""

from __future__ import annotations

from pathlib import Path

import pytest

from analytics.reports import cost
from analytics.reports.render.files import folder_of, write
from tests.analytics.reports.recorded import nothing, report_of_last_week


def names(folder: Path) -> set[str]:
    """Return what is in a folder and below it."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.integration  # importing matplotlib takes a second
def test_each_format_is_a_file(tmp_path: Path) -> None:
    """Who asked for Excel would get something else."""
    written = write(tmp_path, report_of_last_week("cost"), ["html", "excel", "json", "csv"])
    folder = tmp_path / "cost-2024-09-27-to-2024-10-03"
    assert [path.name for path in written] == [
        "report.html", "report.xlsx", "report.json", "tables",
    ]  # fmt: skip
    assert {path.parent for path in written} == {folder}
    assert {"tables/figures.csv", "tables/opportunities.csv"} <= names(folder)


def test_a_newer_report_takes_the_place_of_the_older(tmp_path: Path) -> None:
    """Tables of last time would stand among those of today."""
    write(tmp_path, report_of_last_week("cost"), ["csv", "csv"])
    write(tmp_path, cost.report(nothing()), ["csv"])
    [folder] = tmp_path.iterdir()
    assert names(folder) == {"tables", "tables/figures.csv"}


def test_without_a_format_nothing_is_written(tmp_path: Path) -> None:
    """Who wants artifacts alone would lose the files of an earlier report."""
    write(tmp_path, report_of_last_week("cost"), ["json"])
    assert write(tmp_path, report_of_last_week("cost"), []) == []
    [folder] = tmp_path.iterdir()
    assert names(folder) == {"report.json"}


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    """Other users of the machine would read what projects cost."""
    write(tmp_path / "reports", report_of_last_week("cost"), ["json"])
    [folder] = (tmp_path / "reports").iterdir()
    assert folder.stat().st_mode & 0o077 == 0


def test_a_project_cannot_name_another_folder(tmp_path: Path) -> None:
    """A parameter would write anywhere on the disk."""
    report = cost.report(nothing("../../etc/x y"))
    folder = folder_of(tmp_path, report)
    assert folder.parent == tmp_path
    write(tmp_path, report, ["json"])
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]
