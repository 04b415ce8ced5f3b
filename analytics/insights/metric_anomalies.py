"""Anomalies of the last day in the measurements of the machine and of services."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from analytics.insights.anomalies import LEARNING_DAYS, Limits, detect
from analytics.insights.lifecycle import Finding, of_anomaly
from analytics.statistics.seasonal import Values
from tasks.ledger.connection import Ledger
from tasks.ledger.service_events import measured, measured_series

STEP_SECONDS = 300.0
DAY_SECONDS = 86_400.0
_STEPS_PER_DAY = int(DAY_SECONDS / STEP_SECONDS)
# An anomaly whose last value is at most half an hour old is still going on.
_ONGOING_STEPS = 6
MAX_SERIES = 40
LIMITS = {"memory_percent": Limits(high=95.0), "disk_free_mib": Limits(low=1024.0)}
# A disk fills slowly, so only its limit counts: a new highest value is not an anomaly by itself.
_LIMIT_ONLY = frozenset({"disk_free_mib"})


def find_anomalies(ledger: Ledger, now: float, days: float) -> list[Finding]:
    """Return the anomalies of the last day, detected in the series of the last ``days``."""
    since = now - days * DAY_SECONDS
    findings: list[Finding] = []
    for subject, metric in measured_series(ledger, now - DAY_SECONDS)[:MAX_SERIES]:
        findings += of_series(subject, metric, measured(ledger, subject, metric, since), now)
    return findings


def of_series(
    subject: str, metric: str, values: Sequence[tuple[float, float]], now: float
) -> Iterator[Finding]:
    """Yield the anomalies of the last day of one series of (moment, value)."""
    if not values or values[-1][0] - values[0][0] < LEARNING_DAYS * DAY_SECONDS:
        return
    moments, even = _even(np.array(values, dtype=float))
    for anomaly in detect(even, _STEPS_PER_DAY, LIMITS.get(metric)):
        if moments[anomaly.last] < now - DAY_SECONDS:
            continue
        if metric in _LIMIT_ONLY and "limit" not in anomaly.detectors:
            continue
        ongoing = anomaly.last >= len(even) - _ONGOING_STEPS
        yield of_anomaly(
            anomaly, f"{subject} {metric}", float(moments[anomaly.first]), ongoing=ongoing
        )


def _even(values: Values) -> tuple[Values, Values]:
    """Return the starts of even steps and the mean in each; NaN if nothing was measured."""
    place = ((values[:, 0] - values[0, 0]) // STEP_SECONDS).astype(int)
    count = np.bincount(place)
    mean = np.full(len(count), np.nan)
    total = np.bincount(place, weights=values[:, 1])
    np.divide(total, count, out=mean, where=count > 0)
    return values[0, 0] + STEP_SECONDS * np.arange(len(count)), mean
