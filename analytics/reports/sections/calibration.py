"""How well the estimates behind decisions held, for the performance report."""

from __future__ import annotations

from collections.abc import Iterable

from analytics.reports.data.model import Column, Section, Span, Table
from analytics.training.calibration import calibration_periods, calibration_summary
from tasks.ledger.decisions import Decision

_COLUMNS = (
    Column("decided from", "moment"),
    Column("steps", "count"),
    Column("within p80", "share"),
    Column("within p90", "share"),
    Column("took of median", "ratio"),
)


def calibration_sections(
    made: Iterable[Decision], span: Span, runs: Iterable[str]
) -> tuple[Section, ...]:
    """Return how the placements of ``runs``, made within ``span``, came out; nothing without any."""
    known = frozenset(runs)
    found = calibration_periods(one for one in made if one.workload in known and span.holds(one.at))
    if not found:
        return ()
    rows = tuple((one.since, one.count, one.within_80, one.within_90, one.ratio) for one in found)
    table = Table("calibration", "By time", _COLUMNS, rows)
    said = f"{calibration_summary(found)}. Percentiles that are calibrated are kept by 80 and 90 % of the steps."
    return (Section("Calibration of estimates", (said,), (), (table,)),)
