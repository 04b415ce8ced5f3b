"""Forecasts of every run from what had ended."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analytics.durations.rolling import situations
from analytics.history.columns import typed
from analytics.history.features import compute_features


def test_a_steady_key_is_in_another_situation_than_a_new_one() -> None:
    """The interval of what has always taken the same would be as wide as that of a guess."""
    rng = np.random.default_rng(1)
    unsteady = np.exp(rng.normal(0, 1, 7)).tolist()
    table = typed(
        pd.DataFrame(
            {
                "key": ["steady"] * 7 + ["unsteady"] * 7,
                "started_at": [100.0 * turn for turn in range(7)] * 2,
                "seconds": [10.0] * 7 + unsteady,
                "state": "succeeded",
            }
        )
    )
    numbers = situations(compute_features(table))
    steady = (table["key"] == "steady").to_numpy()
    assert numbers[steady].tolist() == [0, 1, 1, 1, 1, 3, 3]
    assert numbers[~steady].tolist() == [0, 1, 1, 1, 1, 2, 2]
