"""The ensemble that forecasts durations."""

from __future__ import annotations

from math import inf, log

import numpy as np
import pytest

from analytics.durations.blend import Blend, RunContext
from analytics.statistics.averages import Floats
from analytics.statistics.conformal import LEVELS

CONTEXT = RunContext(key=0, context=0, situation=2)


def _bounds(actual: Floats, limit: float) -> Floats:
    """Return the bounds of runs that are forecast one after the other, all from one rule."""
    blend, bounds = Blend(("last run of key",)), []
    for value in np.log(actual).tolist():
        prediction = blend.predict(CONTEXT, np.array([log(100)]), None, log(limit), 0.3)
        assert prediction
        bounds.append(np.exp(prediction.bounds))
        blend.update(CONTEXT, prediction, value)
    return np.array(bounds)


@pytest.mark.slow
@pytest.mark.parametrize("late", [0.0, 0.05, 0.5], ids=["to the second", "late", "very late"])
def test_runs_that_end_beyond_their_limit_are_covered(late: float) -> None:
    """A fifth of the runs would be outside every interval, as no bound is above the limit."""
    rng = np.random.default_rng(5)
    actual = 100 * np.exp(rng.normal(0, 0.2, 1500))
    killed = 120 * np.exp(rng.exponential(late, 1500))
    actual = np.where(actual > 120, killed, actual)
    bounds = _bounds(actual, limit=120)[500:]
    below = actual[500:, None] <= bounds[:, 3:]
    # The bounds at the limit itself hold all runs that end there.
    assert (below.mean(axis=0) >= LEVELS[3:] - 0.02).all()
    assert not late or below.mean(axis=0) == pytest.approx(LEVELS[3:], abs=0.03)


@pytest.mark.slow
def test_a_limit_that_no_run_passes_bounds_all() -> None:
    """A plan would reserve more than a strict scheduler ever gives."""
    bounds = _bounds(np.full(500, 120.0), limit=120)
    assert bounds[400:].max() == pytest.approx(120, rel=0.02)


def test_without_a_rule_and_a_forest_there_is_no_forecast() -> None:
    """A guess would be published of what nothing is known of."""
    blend = Blend(("last run of key",))
    assert blend.predict(CONTEXT, np.array([np.nan]), None, inf, 0.3) is None
