"""What the performance report says of the estimates behind decisions."""

from __future__ import annotations

from analytics.reports.data.model import Span
from analytics.reports.sections.calibration import calibration_sections
from tasks.ledger.decisions import Decision


def _placed(workload: str, at: float, actual: float | None) -> Decision:
    return Decision(
        workload, "placement", "local", "", at, "s", "k", "trained", "s", 10.0, 12.0, 14.0, actual
    )


def test_only_the_runs_of_the_report_in_its_period_count() -> None:
    """The report of one project would judge the estimates of another, or of another week."""
    placements = [
        *(_placed("ours", 100.0, 11.0) for _ in range(3)),
        _placed("ours", 100.0, 13.0),
        _placed("theirs", 100.0, 99.0),
        _placed("ours", 5000.0, 99.0),
        _placed("ours", 100.0, None),
    ]
    [section] = calibration_sections(placements, Span(0.0, 1000.0), ["ours"])
    [table] = section.tables
    assert table.rows == ((100.0, 4, 0.75, 1.0, 1.1),)
    assert "Of 4 steps 75% took no longer than their 80th percentile" in section.sentences[0]


def test_without_any_there_is_no_section() -> None:
    """An empty table would look like a failure."""
    assert calibration_sections([], Span(0.0, 1000.0), ["ours"]) == ()
