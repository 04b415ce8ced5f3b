"""The section on the calibration of the estimates behind decisions."""

from __future__ import annotations

from collections.abc import Iterable

from analytics.reports.data.model import Column, Section, Span, Table
from analytics.training.calibration_report import calibration_periods, calibration_summary
from tasks.ledger.decisions import Decision

_COLUMNS = (
    Column("decided from", "moment"),
    Column("steps", "count"),
    Column("within p80", "share"),
    Column("within p90", "share"),
    Column("took of median", "ratio"),
)


def calibration_sections(
    placements: Iterable[Decision], span: Span, runs: Iterable[str]
) -> tuple[Section, ...]:
    """Return the calibration of the placements of ``runs`` within ``span``; empty without any."""
    workloads = frozenset(runs)
    periods = calibration_periods(
        placement
        for placement in placements
        if placement.workload in workloads and span.holds(placement.at)
    )
    if not periods:
        return ()
    rows = tuple(
        (period.since, period.count, period.within_80, period.within_90, period.ratio)
        for period in periods
    )
    table = Table("calibration", "By time", _COLUMNS, rows)
    sentence = f"{calibration_summary(periods)}. Percentiles that are calibrated are kept by 80 and 90 % of the steps."
    return (Section("Calibration of estimates", (sentence,), (), (table,)),)
