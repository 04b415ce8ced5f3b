"""Whether a forest grown now may replace the last one: only where it has forecast better of late.

Both are asked about runs that were submitted after all that the last one was grown from; for that
the new one is grown from what had ended before them. So neither has seen what it is judged on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.durations.rolling import MOST_RUNS
from analytics.durations.scores import min_max_ratio
from analytics.history.features import RunFeatures, logs
from analytics.statistics.forest import (
    BIN_STEP,
    BINS,
    GRID,
    Floats,
    Forest,
    Ints,
    Matrix,
    binned,
    grow,
)
from analytics.training.model_store import StoredModel

MOST_RUNS_JUDGED = 2000
FEWEST_RUNS = 50
# exp(-|difference|) between any two bins.
_SIMILARITY = np.exp(-BIN_STEP * np.abs(np.subtract.outer(np.arange(BINS), np.arange(BINS))))


@dataclass(frozen=True, slots=True)
class RetrainDecision:
    """The forest that forecasts from now on; ``replaces`` tells whether it is a new one.

    ``why`` says what decided it, with the mean min/max ratio of both over recent runs.
    """

    forest: Forest | None
    replaces: bool
    why: str


def decide_retraining(
    table: pd.DataFrame, features: RunFeatures, last: StoredModel | None, code: str
) -> RetrainDecision:
    """Return the forest to forecast with; ``code`` is the digest of the code that runs now."""
    value = logs(table["seconds"])
    rows = np.flatnonzero((table["is_trainable"] & table["ended_at"].notna()).to_numpy())
    rows = rows[np.argsort(table["ended_at"].to_numpy(float)[rows], kind="stable")]
    if len(rows) < FEWEST_RUNS:
        return RetrainDecision(
            None, replaces=False, why=f"{len(rows)} runs are too few for a forest"
        )
    if (unlike := _why_incomparable(last, features, code)) or last is None:
        return RetrainDecision(_grown(features.matrix, value, rows), replaces=True, why=unlike)
    submitted = table["submitted_at"].to_numpy(float)[rows]
    recent = rows[submitted > last.until][-MOST_RUNS_JUDGED:]
    if len(recent) < FEWEST_RUNS:
        why = f"{len(recent)} runs since version {last.version} are too few to judge by"
        return RetrainDecision(last.forest, replaces=False, why=why)
    return _compared(table, features, value, rows, recent, last)


def _compared(  # noqa: PLR0917 - the history in its parts, and who is to be beaten
    table: pd.DataFrame,
    features: RunFeatures,
    value: Floats,
    rows: Ints,
    recent: Ints,
    last: StoredModel,
) -> RetrainDecision:
    ended = table["ended_at"].to_numpy(float)[rows]
    before = rows[ended < table["submitted_at"].to_numpy(float)[recent].min()]
    if len(before) < FEWEST_RUNS:
        return RetrainDecision(
            _grown(features.matrix, value, rows), replaces=True, why="nothing ended before"
        )
    recent_features, actual = features.matrix[recent], np.exp(value[recent])
    candidate = _grown(features.matrix, value, before)
    new, old = (
        float(min_max_ratio(np.exp(_points(forest, recent_features)), actual).mean())
        for forest in (candidate, last.forest)
    )
    comparison = f"{new:.3f} against {old:.3f} of version {last.version} on {len(recent)} runs"
    if new <= old:
        return RetrainDecision(last.forest, replaces=False, why=f"no better: {comparison}")
    return RetrainDecision(
        _grown(features.matrix, value, rows), replaces=True, why=f"better: {comparison}"
    )


def _why_incomparable(last: StoredModel | None, features: RunFeatures, code: str) -> str:
    """Say why the last one cannot be asked any more; empty where it can."""
    if last is None:
        return "the first"
    if last.code != code:
        return "the code has changed"
    return "" if last.features == features.names else "other things are known of a run than before"


def _grown(features: Matrix, value: Floats, rows: Ints) -> Forest:
    newest = rows[-MOST_RUNS:]
    return grow(features[newest], binned(value[newest]))


def _points(forest: Forest, features: Matrix) -> Floats:
    """Return the logarithm that is expected to be most alike what comes, of each row."""
    points: Floats = GRID[(forest.distribution(features) @ _SIMILARITY).argmax(axis=1)]
    return points
