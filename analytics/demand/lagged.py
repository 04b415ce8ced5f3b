"""Forecasts of an hourly series as a linear function of its last day or week, fitted by ridge.

One set of weights an hour ahead (direct, not recursive), on the departure either from the last
day's mean, so that a change of level carries over, or from the usual hour of the week, so that a
departure fades: the linear models of Zeng et al. (2023), in closed form.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.statistics.seasonal import DAY, WEEK, Values, seasonal_median

LONGEST_HOURS = 26 * WEEK


@dataclass(frozen=True, slots=True)
class Shape:
    """What a lagged model looks at: how many hours, how stiffly, and on which scale.

    On the scale of square roots large hours weigh less, which suits counts. ``weekly`` models
    depart from the median hour of the week, others from the mean of the last day.
    """

    lags: int
    stiffness: float
    rooted: bool = False
    weekly: bool = False

    def __str__(self) -> str:
        """Name it as a report shows it."""
        scale = ", rooted" * self.rooted + ", of the week" * self.weekly
        return f"last {self.lags} hours, ridge {self.stiffness:g}{scale}"

    def fits(self, hours: int, horizon: int) -> bool:
        """Tell whether a past of so many hours holds a week's worth of examples."""
        return hours >= self.lags + horizon + WEEK * (1 + self.weekly)


SHAPES = tuple(
    Shape(lags, stiffness, rooted, weekly)
    for lags in (DAY, WEEK)
    for stiffness, rooted, weekly in (
        (1e-3, False, False),
        (1e-1, False, False),
        (1e-2, True, False),
        (1e-1 if lags == WEEK else 1e-2, True, True),
    )
)


@dataclass(frozen=True, slots=True)
class Lagged:
    """A fitted model; ``weights`` has one row a lag and one column an hour ahead.

    ``usual`` is the usual week from the end of the ``hours`` that it was fitted to.
    """

    shape: Shape
    weights: Values
    usual: Values
    hours: int

    def __call__(self, past: Values) -> Values:
        """Forecast the hours after ``past``, which begins where the fitted one did."""
        recent = _scaled(past[-self.shape.lags :], self.shape)
        since, horizon = len(past) - self.hours, self.weights.shape[1]
        hours = np.arange(since - len(recent), since + horizon)
        base = self.usual[hours % WEEK]
        if not self.shape.weekly:
            base = np.full(len(hours), recent[-DAY:].mean())
        past_base, ahead = np.split(base, [len(recent)])
        predicted = np.maximum((recent - past_base) @ self.weights + ahead, 0.0)
        return np.asarray(np.square(predicted) if self.shape.rooted else predicted)


def fit(past: Values, horizon: int, shape: Shape) -> Lagged:
    """Fit to every window of the past half year at most.

    Raises:
        ValueError: The past is shorter than one window.
    """
    lags = shape.lags
    values = _scaled(past[-LONGEST_HOURS:], shape)
    usual = np.zeros(WEEK)
    if shape.weekly:
        usual = seasonal_median(values, WEEK, WEEK, LONGEST_HOURS // WEEK)
        values = values - usual[np.arange(-len(values), 0) % WEEK]
    windows = np.lib.stride_tricks.sliding_window_view(values, lags + horizon)
    if not shape.weekly:
        windows = windows - windows[:, lags - DAY : lags].mean(axis=1, keepdims=True)
    lagged_values, ahead = windows[:, :lags], windows[:, lags:]
    products = lagged_values.T @ lagged_values
    # The constant keeps a series that never changes solvable.
    products[np.diag_indices(lags)] += shape.stiffness * np.trace(products) / lags + 1e-9
    weights = np.asarray(np.linalg.solve(products, lagged_values.T @ ahead), dtype=float)
    return Lagged(shape, weights, usual, len(past))


def _scaled(values: Values, shape: Shape) -> Values:
    return np.sqrt(values) if shape.rooted else values
