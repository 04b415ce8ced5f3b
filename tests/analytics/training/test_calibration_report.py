"""How the estimates behind decisions came out: only what tells of them, by week or by order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analytics.training.calibration_report import (
    calibration_chart,
    calibration_periods,
    calibration_summary,
    overall_calibration,
)
from tasks.ledger.decisions import Decision

WEEK = 7 * 86_400.0
ONE = Decision("w", "placement", "m", "", 0.0, "a", "k", "trained", "s", 10.0, 12.0, 14.0, 11.0)


def _made(count: int, actual: float, since: float = 0.0, step: float = 60.0) -> list[Decision]:
    return [replace(ONE, at=since + n * step, actual=actual) for n in range(count)]


def test_coverage_and_ratio_are_those_of_what_was_decided() -> None:
    """Estimates would pass for calibrated that are not."""
    (period,) = calibration_periods([*_made(16, 11.0), *_made(3, 13.0, 1e4), *_made(1, 20.0, 2e4)])
    assert (period.count, period.within_80, period.within_90) == (20, 0.8, 0.95)
    assert period.ratio == pytest.approx(1.1)
    assert calibration_summary([period]) == (
        "Of 20 steps 80% took no longer than their 80th percentile; 95% took no longer than "
        "their 90th percentile; they took 1.10 times their median"
    )


def test_only_what_was_estimated_from_history_and_has_ended_counts() -> None:
    """A first run of everything would make all later estimates look bad."""
    others = [
        replace(ONE, source="default"),
        replace(ONE, actual=None),
        replace(ONE, unit="MiB"),
        replace(ONE, estimate=None),
    ]
    assert calibration_periods(others) == []
    (period,) = calibration_periods([ONE, *others, replace(ONE, p80=None)])
    assert (period.count, period.within_80) == (2, 1.0)
    assert overall_calibration(calibration_periods([replace(ONE, p80=None)]))[0] is None


def test_a_long_time_is_told_by_week_and_a_short_one_in_parts() -> None:
    """A drift would be hidden in one number, or a chart of few runs be noise."""
    long = [decision for week in range(6) for decision in _made(5, 11.0 + week, week * WEEK)]
    assert [period.count for period in calibration_periods(long)] == [5] * 6
    assert [round(period.ratio, 1) for period in calibration_periods(long)] == [
        1.1,
        1.2,
        1.3,
        1.4,
        1.5,
        1.6,
    ]
    assert [period.count for period in calibration_periods(_made(60, 11.0))] == [20, 20, 20]
    assert overall_calibration(calibration_periods(long))[2] == pytest.approx(1.35, abs=0.02)


@pytest.mark.slow
def test_the_chart_is_a_picture_whatever_is_known() -> None:
    """Training would fail at its last step."""
    decisions = [
        *_made(30, 11.0),
        *(replace(decision, p80=None) for decision in _made(30, 15.0, 9e3)),
    ]
    assert calibration_chart(calibration_periods(decisions)).startswith(b"\x89PNG")
