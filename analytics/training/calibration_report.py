"""The calibration of the estimates behind decisions over time, as numbers and as a chart.

Estimates are calibrated if 80 % of the runs take no longer than their 80th percentile. The bias of
the medians shows as the median ratio of actual to expected.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np

from tasks.ledger.decisions import Decision

_WEEK_SECONDS = 7 * 86_400.0
_MIN_WEEKS = 4
# Fewer weeks of decisions are cut into parts of at least so many decisions.
_MAX_PARTS = 12
_DECISIONS_PER_PART = 20


@dataclass(frozen=True, slots=True)
class CalibrationPeriod:
    """The calibration of ``count`` decisions between two moments, in epoch seconds.

    ``within_80`` and ``within_90`` are the shares that took no longer than the expected percentile,
    None if none was expected; ``ratio`` is the median of actual over expected.
    """

    since: float
    until: float
    count: int
    within_80: float | None
    within_90: float | None
    ratio: float


def calibration_periods(placements: Iterable[Decision]) -> list[CalibrationPeriod]:
    """Return the calibration of each week, or of parts of a shorter time; empty without any.

    Only steps that were estimated from history and have ended count.
    """
    ended = sorted(
        (decision for decision in placements if _counts(decision)), key=lambda decision: decision.at
    )
    if not ended:
        return []
    if ended[-1].at - ended[0].at < _MIN_WEEKS * _WEEK_SECONDS:
        parts = min(_MAX_PARTS, max(1, len(ended) // _DECISIONS_PER_PART))
        cuts = np.linspace(0, len(ended), parts + 1).astype(int)
        return [_period(ended[a:b]) for a, b in pairwise(cuts.tolist())]
    weeks: dict[int, list[Decision]] = {}
    for decision in ended:
        weeks.setdefault(int(decision.at // _WEEK_SECONDS), []).append(decision)
    return [_period(weeks[week]) for week in sorted(weeks)]


def overall_calibration(
    periods: Sequence[CalibrationPeriod],
) -> tuple[float | None, float | None, float]:
    """Return the shares within the 80th and 90th percentiles and the mean ratio of all periods."""
    weights = [period.count for period in periods]
    ratio = float(np.exp(np.average(np.log([period.ratio for period in periods]), weights=weights)))
    return (
        _mean([period.within_80 for period in periods], weights),
        _mean([period.within_90 for period in periods], weights),
        ratio,
    )


def calibration_summary(periods: Sequence[CalibrationPeriod]) -> str:
    """Return one line on how calibrated the estimates were."""
    share_80, share_90, ratio = overall_calibration(periods)
    parts = [
        f"{share:.0%} took no longer than their {level}th percentile"
        for share, level in ((share_80, 80), (share_90, 90))
        if share is not None
    ]
    count = sum(period.count for period in periods)
    return f"Of {count} steps {'; '.join([*parts, f'they took {ratio:.2f} times their median'])}"


def calibration_chart(periods: Sequence[CalibrationPeriod]) -> bytes:
    """Return a PNG: shares within the percentiles above, the ratio of actual to expected below."""
    # matplotlib takes a second to import.
    from matplotlib.figure import Figure  # noqa: PLC0415 - for that reason

    figure = Figure(figsize=(8, 5), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
    at = range(len(periods))
    for level, values, colour in (
        (0.8, [period.within_80 for period in periods], "#7fa08a"),
        (0.9, [period.within_90 for period in periods], "#4c6a92"),
    ):
        upper.axhline(level, color=colour, linewidth=1, linestyle="--")
        shares = [np.nan if value is None else value for value in values]
        upper.plot(at, shares, color=colour, marker="o", label=f"{level * 100:.0f}th percentile")
    upper.set(ylim=(0, 1.03), ylabel="part that kept it")
    upper.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    upper.legend(loc="lower right")
    lower.axhline(1.0, color="0.6", linewidth=1)
    lower.plot(at, [period.ratio for period in periods], color="0.3", marker="o")
    lower.set(ylabel="took / median", xlabel="decided from (UTC), and how many")
    lower.set_xticks(
        at, [_label(period) for period in periods], rotation=45, ha="right", fontsize=8
    )
    title = f"How what was expected of {sum(period.count for period in periods)} steps came out"
    upper.set_title(title, loc="left")
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    return picture.getvalue()


def _counts(decision: Decision) -> bool:
    has_ended = decision.actual is not None and decision.actual > 0
    return (
        has_ended
        and decision.unit == "s"
        and bool(decision.estimate)
        and decision.source not in {"", "default"}
    )


def _period(placements: Sequence[Decision]) -> CalibrationPeriod:
    ratios = [
        (decision.actual or 0.0) / decision.estimate for decision in placements if decision.estimate
    ]
    return CalibrationPeriod(
        placements[0].at,
        placements[-1].at,
        len(placements),
        _within(
            [
                (decision.actual or 0.0) <= decision.p80
                for decision in placements
                if decision.p80 is not None
            ]
        ),
        _within(
            [
                (decision.actual or 0.0) <= decision.p90
                for decision in placements
                if decision.p90 is not None
            ]
        ),
        float(np.median(ratios)),
    )


def _within(is_within: Sequence[bool]) -> float | None:
    return float(np.mean(is_within)) if is_within else None


def _mean(values: Sequence[float | None], weights: Sequence[int]) -> float | None:
    pairs = [
        (value, weight) for value, weight in zip(values, weights, strict=True) if value is not None
    ]
    if not pairs:
        return None
    return sum(value * weight for value, weight in pairs) / sum(weight for _, weight in pairs)


def _label(period: CalibrationPeriod) -> str:
    return f"{datetime.fromtimestamp(period.since, UTC):%d %b %H:%M} ({period.count})"
