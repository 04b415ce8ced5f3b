"""Model selection: publish the model, unless a simple rule was better on the latest runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from analytics.durations.rolling import Forecasts
from analytics.durations.scores import min_max_ratio
from analytics.history.features import RULES

MODEL = "model"
COMPARED_RULES = tuple(f"{rule} of key" for rule in RULES)
# Forecasters are compared on the latest tenth of the runs, within these numbers of runs.
JUDGED_SHARE = 0.1
MIN_RUNS = 50
MAX_RUNS = 2000
# How much better a rule's min/max ratio must be, also in standard errors, so that luck on a few
# runs does not replace the model: the selected rule is published for every key.
MARGIN = 0.01
STANDARD_ERRORS = 2.0


@dataclass(frozen=True, slots=True)
class ModelSelection:
    """The selected forecaster, ``model`` or a rule, and the min/max ratios of all on ``runs``."""

    selected: str = MODEL
    runs: int = 0
    min_max_ratio: Mapping[str, float] = field(default_factory=dict)


def select_model(forecasts: Forecasts) -> ModelSelection:
    """Compare the model with the simple rules on the latest runs that all of them forecast."""
    columns = [forecasts.run_features.rule_names.index(rule) for rule in COMPARED_RULES]
    rules = forecasts.run_features.rules[:, columns]
    trainable = forecasts.table["is_trainable"].to_numpy(bool)
    comparable = np.flatnonzero(
        trainable & np.isfinite(forecasts.point) & np.isfinite(rules).all(axis=1)
    )
    latest = comparable[-min(MAX_RUNS, max(MIN_RUNS, int(JUDGED_SHARE * len(comparable)))) :]
    if not len(latest):
        return ModelSelection()
    actual = forecasts.table[forecasts.target].to_numpy(float)[latest]
    predictions = {MODEL: forecasts.point[latest]}
    predictions |= {rule: np.exp(rules[latest, at]) for at, rule in enumerate(COMPARED_RULES)}
    ratios = {name: min_max_ratio(values, actual) for name, values in predictions.items()}
    scores = {name: float(values.mean()) for name, values in ratios.items()}
    best = max(COMPARED_RULES, key=lambda rule: scores[rule])
    ahead = ratios[best] - ratios[MODEL]
    error = float(np.std(ahead)) / np.sqrt(len(latest))
    is_better = ahead.mean() > max(MARGIN, STANDARD_ERRORS * error) and len(latest) >= MIN_RUNS
    return ModelSelection(best if is_better else MODEL, len(latest), scores)
