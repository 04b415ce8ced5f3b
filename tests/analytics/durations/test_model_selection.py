"""Who is published."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analytics.durations.model_selection import COMPARED_RULES, MODEL, select_model
from analytics.durations.rolling import Forecasts, forecast
from analytics.history.columns import typed


@pytest.fixture(scope="module")
def forecasts() -> Forecasts:
    """Give forecasts of a steady key."""
    at = np.arange(80) * 100.0
    rows = {"key": "a", "state": "succeeded", "started_at": at, "seconds": 10.0}
    return forecast(typed(pd.DataFrame(rows)))


@pytest.mark.slow
def test_a_model_that_is_as_good_stays(forecasts: Forecasts) -> None:
    """Luck on a few runs would change what is published every night."""
    selection = select_model(forecasts)
    assert selection.selected == MODEL
    assert selection.min_max_ratio[MODEL] == pytest.approx(1)


@pytest.mark.slow
def test_a_rule_that_is_better_of_late_is_published(forecasts: Forecasts) -> None:
    """A model that has gone wrong would go on to plan."""
    selection = select_model(replace(forecasts, point=forecasts.point * 3))
    assert selection.selected in COMPARED_RULES
    assert selection.runs == 50
