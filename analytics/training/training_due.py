"""When training is due: after a day, a change of the code, drift, or many new keys or runs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from analytics.history.runs import Run
from tasks.ledger.models import TrainedModel

DAY_SECONDS = 86_400.0
MIN_RUNS = 20
PROMISED_SHARE = 0.9
# The share within the 90th percentile may be this many standard deviations below what is promised.
DEVIATIONS = 3.0
# Training is due after so many new keys, or after so many new runs that are at least this share of
# the runs of the last training.
NEW_KEYS = 50
NEW_RUNS = 100
NEW_RUNS_SHARE = 0.1

Bounds = Mapping[tuple[str, str], tuple[float, float]]


def due(
    trained: TrainedModel | None, code: str, runs: Iterable[Run], bounds: Bounds, now: float
) -> str:
    """Return why training is due; empty if it is not.

    ``bounds`` holds the published 90th percentile of each (kind, key), and when it was published.
    """
    if trained is None:
        return "nothing was trained yet"
    if trained.code != code:
        return "the code has changed"
    if now - trained.trained_at >= DAY_SECONDS:
        return "the last training was more than a day ago"
    since = [run for run in runs if run.succeeded and run.ended_at > trained.trained_at]
    return drifted(since, bounds) or _unknown(since, bounds) or _grown(trained, len(since))


def drifted(runs: Iterable[Run], bounds: Bounds) -> str:
    """Return why forecasts have drifted: too many runs exceeded their published 90th percentile."""
    is_within = [
        run.seconds <= bounds[run.kind, run.key][0]
        for run in runs
        if not run.retries and bounds.get((run.kind, run.key), (0.0, math.inf))[1] <= run.started_at
    ]
    if len(is_within) < MIN_RUNS:
        return ""
    share = sum(is_within) / len(is_within)
    band = DEVIATIONS * math.sqrt(PROMISED_SHARE * (1 - PROMISED_SHARE) / len(is_within))
    if share >= PROMISED_SHARE - band:
        return ""
    return (
        f"forecasts have drifted: only {share:.0%} of {len(is_within)} runs since the last training "
        "took no longer than their 90th percentile"
    )


def _unknown(runs: Iterable[Run], bounds: Bounds) -> str:
    new = {(run.kind, run.key) for run in runs if (run.kind, run.key) not in bounds}
    count = len(new)
    return f"{count} keys are new" if count >= NEW_KEYS else ""


def _grown(trained: TrainedModel, count: int) -> str:
    enough = count >= max(NEW_RUNS, NEW_RUNS_SHARE * trained.runs)
    return f"{count} runs have ended since the last training" if enough else ""
