"""How the estimates that decisions were made by came out, over time: numbers and a chart.

An estimate is calibrated where its 80th percentile is kept by 80 % of the runs; how far it is off
in the middle shows as the median of actual over expected.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np

from tasks.ledger.decisions import Decision

_WEEK = 7 * 86_400.0
_WEEKS = 4
# Without some weeks of decisions they are cut into this many parts, of so many at least.
_PARTS = 12
_FEWEST = 20


@dataclass(frozen=True, slots=True)
class CalibrationPeriod:
    """What came of ``count`` decisions between two moments, in epoch seconds.

    ``within_80`` and ``within_90`` are the parts that took no longer than the percentile that was
    expected, None where none was; ``ratio`` is the median of actual over expected.
    """

    since: float
    until: float
    count: int
    within_80: float | None
    within_90: float | None
    ratio: float


def calibration_periods(made: Iterable[Decision]) -> list[CalibrationPeriod]:
    """Return how estimates came out by week, or by parts of a shorter time; empty without any.

    Only what was estimated from history and has ended counts.
    """
    told = sorted((one for one in made if _tells(one)), key=lambda one: one.at)
    if not told:
        return []
    if told[-1].at - told[0].at < _WEEKS * _WEEK:
        parts = min(_PARTS, max(1, len(told) // _FEWEST))
        cuts = np.linspace(0, len(told), parts + 1).astype(int)
        return [_period(told[a:b]) for a, b in pairwise(cuts.tolist())]
    weeks: dict[int, list[Decision]] = {}
    for one in told:
        weeks.setdefault(int(one.at // _WEEK), []).append(one)
    return [_period(weeks[week]) for week in sorted(weeks)]


def overall_calibration(
    found: Sequence[CalibrationPeriod],
) -> tuple[float | None, float | None, float]:
    """Return the parts within the 80th and the 90th percentile, and the median ratio, of all."""
    weights = [one.count for one in found]
    ratio = float(np.exp(np.average(np.log([one.ratio for one in found]), weights=weights)))
    return (
        _mean([one.within_80 for one in found], weights),
        _mean([one.within_90 for one in found], weights),
        ratio,
    )


def calibration_summary(found: Sequence[CalibrationPeriod]) -> str:
    """Return in one line how calibrated the estimates were."""
    kept_80, kept_90, ratio = overall_calibration(found)
    parts = [
        f"{kept:.0%} took no longer than their {level}th percentile"
        for kept, level in ((kept_80, 80), (kept_90, 90))
        if kept is not None
    ]
    count = sum(one.count for one in found)
    return f"Of {count} steps {'; '.join([*parts, f'they took {ratio:.2f} times their median'])}"


def calibration_chart(found: Sequence[CalibrationPeriod]) -> bytes:
    """Return a PNG: above, what was kept of the percentiles; below, actual over expected."""
    # matplotlib takes a second to import.
    from matplotlib.figure import Figure  # noqa: PLC0415 - for that reason

    figure = Figure(figsize=(8, 5), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
    at = range(len(found))
    for level, values, colour in (
        (0.8, [one.within_80 for one in found], "#7fa08a"),
        (0.9, [one.within_90 for one in found], "#4c6a92"),
    ):
        upper.axhline(level, color=colour, linewidth=1, linestyle="--")
        known = [np.nan if value is None else value for value in values]
        upper.plot(at, known, color=colour, marker="o", label=f"{level * 100:.0f}th percentile")
    upper.set(ylim=(0, 1.03), ylabel="part that kept it")
    upper.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    upper.legend(loc="lower right")
    lower.axhline(1.0, color="0.6", linewidth=1)
    lower.plot(at, [one.ratio for one in found], color="0.3", marker="o")
    lower.set(ylabel="took / median", xlabel="decided from (UTC), and how many")
    lower.set_xticks(at, [_label(one) for one in found], rotation=45, ha="right", fontsize=8)
    title = f"How what was expected of {sum(one.count for one in found)} steps came out"
    upper.set_title(title, loc="left")
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    return picture.getvalue()


def _tells(one: Decision) -> bool:
    known = one.actual is not None and one.actual > 0
    return known and one.unit == "s" and bool(one.estimate) and one.source not in {"", "default"}


def _period(made: Sequence[Decision]) -> CalibrationPeriod:
    ratios = [(one.actual or 0.0) / one.estimate for one in made if one.estimate]
    return CalibrationPeriod(
        made[0].at,
        made[-1].at,
        len(made),
        _within([(one.actual or 0.0) <= one.p80 for one in made if one.p80 is not None]),
        _within([(one.actual or 0.0) <= one.p90 for one in made if one.p90 is not None]),
        float(np.median(ratios)),
    )


def _within(kept: Sequence[bool]) -> float | None:
    return float(np.mean(kept)) if kept else None


def _mean(values: Sequence[float | None], weights: Sequence[int]) -> float | None:
    known = [
        (value, weight) for value, weight in zip(values, weights, strict=True) if value is not None
    ]
    if not known:
        return None
    return sum(value * weight for value, weight in known) / sum(weight for _, weight in known)


def _label(one: CalibrationPeriod) -> str:
    return f"{datetime.fromtimestamp(one.since, UTC):%d %b %H:%M} ({one.count})"
