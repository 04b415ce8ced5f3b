"""Figures as people read them."""

import pytest

from blocks.repositories.interface import Progress, Snapshot
from tasks.backup.comparison import Comparison
from tasks.backup.report import comparison_report, progress_line, snapshot_report


def test_progress_line() -> None:
    """The progress says nothing, or breaks while the time left is unknown."""
    assert progress_line(Progress(0.5, 1024, 2048, 1, 3.4)) == "1.0 KiB of 2.0 KiB, 3 s left"
    assert progress_line(Progress(0.0)) == "0 B of 0 B"


@pytest.mark.parametrize(
    "expected", ["01234567", "1970-01-01 00:00:00 UTC", "| 7 |", "2.0 KiB", "5% of the data"]
)
def test_reports_hold_the_figures(expected: str) -> None:
    """The artifact lacks what a user asks of a backup."""
    taken = Snapshot("0123456789", "/r", "shop", "prod", (), 0.0, 7, 2048, 1024, 1.25)
    text = snapshot_report(taken, "5%")
    assert expected in text
    compared = Comparison(7, 2048, ("a|b",), (), (), tuple(map(str, range(25))), 1.0)
    text = comparison_report("0123456789", "/t", compared)
    assert "**not identical**" in text
    assert "`a?b`" in text
    assert "and 5 more" in text
