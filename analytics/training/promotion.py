"""The promotion gate: a new forest replaces the last one only if it forecasts recent runs better.

Both forecast runs that were submitted after all those the last one was grown from. For this
comparison, the new one is grown from runs that had ended before. So neither is evaluated on runs
that it was trained on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.durations.rolling import MAX_RUNS
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

MAX_RUNS_JUDGED = 2000
MIN_RUNS = 50
# exp(-|difference|) between any two bins.
_SIMILARITY = np.exp(-BIN_STEP * np.abs(np.subtract.outer(np.arange(BINS), np.arange(BINS))))


@dataclass(frozen=True, slots=True)
class PromotionDecision:
    """The forest that forecasts from now on; ``replaces`` is true if it is a new one.

    ``why`` gives the reason, with the mean min/max ratio of both on recent runs.
    """

    forest: Forest | None
    replaces: bool
    why: str


def decide_promotion(
    table: pd.DataFrame, features: RunFeatures, last: StoredModel | None, code: str
) -> PromotionDecision:
    """Return the forest to forecast with; ``code`` is the digest of the current code."""
    value = logs(table["seconds"])
    rows = np.flatnonzero((table["is_trainable"] & table["ended_at"].notna()).to_numpy())
    rows = rows[np.argsort(table["ended_at"].to_numpy(float)[rows], kind="stable")]
    if len(rows) < MIN_RUNS:
        return PromotionDecision(
            None, replaces=False, why=f"{len(rows)} runs are too few for a forest"
        )
    if (unlike := _why_incomparable(last, features, code)) or last is None:
        return PromotionDecision(_grown(features.matrix, value, rows), replaces=True, why=unlike)
    submitted = table["submitted_at"].to_numpy(float)[rows]
    recent = rows[submitted > last.until][-MAX_RUNS_JUDGED:]
    if len(recent) < MIN_RUNS:
        why = f"{len(recent)} runs since version {last.version} are too few for a comparison"
        return PromotionDecision(last.forest, replaces=False, why=why)
    return _compared(table, features, value, rows, recent, last)


def _compared(  # noqa: PLR0917 - the history in its parts, and who is to be beaten
    table: pd.DataFrame,
    features: RunFeatures,
    value: Floats,
    rows: Ints,
    recent: Ints,
    last: StoredModel,
) -> PromotionDecision:
    ended = table["ended_at"].to_numpy(float)[rows]
    before = rows[ended < table["submitted_at"].to_numpy(float)[recent].min()]
    if len(before) < MIN_RUNS:
        return PromotionDecision(
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
        return PromotionDecision(last.forest, replaces=False, why=f"not better: {comparison}")
    return PromotionDecision(
        _grown(features.matrix, value, rows), replaces=True, why=f"better: {comparison}"
    )


def _why_incomparable(last: StoredModel | None, features: RunFeatures, code: str) -> str:
    """Return why the last model cannot be compared with a new one; empty if it can."""
    if last is None:
        return "the first"
    if last.code != code:
        return "the code has changed"
    return "" if last.features == features.names else "the known features of a run have changed"


def _grown(features: Matrix, value: Floats, rows: Ints) -> Forest:
    newest = rows[-MAX_RUNS:]
    return grow(features[newest], binned(value[newest]))


def _points(forest: Forest, features: Matrix) -> Floats:
    """Return for each row the logarithm with the highest expected min/max ratio."""
    points: Floats = GRID[(forest.distribution(features) @ _SIMILARITY).argmax(axis=1)]
    return points
