"""The skill of failure forecasts: whether they beat the base rate of failures so far."""

from __future__ import annotations

import numpy as np

from analytics.durations.scores import brier
from analytics.failures.model import Failures
from analytics.statistics.forest import Floats

MAX_RUNS = 2000
MIN_RUNS = 50
MIN_FAILURES = 20


def base_rate(failures: Failures) -> Floats:
    """Return the share of failures among what had ended when each run started.

    Before anything ended it is one half, as if one of two runs had failed.
    """
    table = failures.table
    counts = np.isfinite(failures.failed)
    ended = np.where(counts, table["ended_at"].to_numpy(float), np.inf)
    order = np.argsort(ended, kind="stable")
    failed = np.concatenate([[0.0], np.cumsum(np.nan_to_num(failures.failed[order]))])
    before = np.searchsorted(ended[order], table["submitted_at"].to_numpy(float), side="left")
    before = np.minimum(before, int(counts.sum()))
    share: Floats = (failed[before] + 1.0) / (before + 2.0)
    return share


def beats_base_rate(failures: Failures) -> bool:
    """Return whether the model beats the base rate on the latest runs; enough must have failed."""
    judged = np.flatnonzero(np.isfinite(failures.probability) & np.isfinite(failures.failed))[
        -MAX_RUNS:
    ]
    if len(judged) < MIN_RUNS or (failures.failed == 1).sum() < MIN_FAILURES:
        return False
    actual = failures.failed[judged]
    return brier(failures.probability[judged], actual) < brier(base_rate(failures)[judged], actual)
