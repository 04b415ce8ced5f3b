"""Who is published: the model, unless a simple rule has been better of late."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from analytics.durations.rolling import Forecasts
from analytics.durations.scores import min_max_ratio
from analytics.history.features import RULES

MODEL = "model"
COMPARED = tuple(f"{rule} of key" for rule in RULES)
# Judged on the latest tenth of the runs, but on no fewer and no more than these.
SHARE = 0.1
FEWEST = 50
MOST = 2000
# How much better a rule must be, and by how many standard errors, so that luck on a few runs does
# not unseat the model: what a rule says is said of every key.
MARGIN = 0.01
ERRORS = 2.0


@dataclass(frozen=True, slots=True)
class ModelSelection:
    """The champion, ``model`` or a rule, and everybody's min/max ratio on the latest ``runs``."""

    champion: str = MODEL
    runs: int = 0
    min_max_ratio: Mapping[str, float] = field(default_factory=dict)


def select_model(found: Forecasts) -> ModelSelection:
    """Compare the model with the simple rules on the latest runs that all of them forecast."""
    columns = [found.run_features.rule_names.index(rule) for rule in COMPARED]
    rules = found.run_features.rules[:, columns]
    trainable = found.table["is_trainable"].to_numpy(bool)
    made = np.flatnonzero(trainable & np.isfinite(found.point) & np.isfinite(rules).all(axis=1))
    latest = made[-min(MOST, max(FEWEST, int(SHARE * len(made)))) :]
    if not len(latest):
        return ModelSelection()
    actual = found.table[found.target].to_numpy(float)[latest]
    said = {MODEL: found.point[latest]}
    said |= {rule: np.exp(rules[latest, at]) for at, rule in enumerate(COMPARED)}
    likely = {name: min_max_ratio(values, actual) for name, values in said.items()}
    scores = {name: float(values.mean()) for name, values in likely.items()}
    best = max(COMPARED, key=lambda rule: scores[rule])
    ahead = likely[best] - likely[MODEL]
    error = float(np.std(ahead)) / np.sqrt(len(latest))
    better = ahead.mean() > max(MARGIN, ERRORS * error) and len(latest) >= FEWEST
    return ModelSelection(best if better else MODEL, len(latest), scores)
