"""Lagged linear models of an hourly series, fitted by ridge regression on its last day or week.

Each hour ahead has its own weights (direct, not recursive). The models use deviations: either from
the last day's mean, so that a change of level persists, or from the median hour of the week, so
that a deviation fades. They are the linear models of Zeng et al. (2023), in closed form.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.statistics.seasonal import DAY_HOURS, WEEK_HOURS, Values, seasonal_median

MAX_LAG_HOURS = 26 * WEEK_HOURS


@dataclass(frozen=True, slots=True)
class Shape:
    """The shape of a lagged model: the number of hours it reads, its ridge, and its scale.

    On the scale of square roots large hours weigh less, which suits counts. ``weekly`` models use
    deviations from the median hour of the week, others from the mean of the last day.
    """

    lags: int
    stiffness: float
    rooted: bool = False
    weekly: bool = False

    def __str__(self) -> str:
        """Return its name for a report."""
        scale = ", rooted" * self.rooted + ", of the week" * self.weekly
        return f"last {self.lags} hours, ridge {self.stiffness:g}{scale}"

    def fits(self, hours: int, horizon: int) -> bool:
        """Return whether a past of so many hours has a week of examples."""
        return hours >= self.lags + horizon + WEEK_HOURS * (1 + self.weekly)


SHAPES = tuple(
    Shape(lags, stiffness, rooted, weekly)
    for lags in (DAY_HOURS, WEEK_HOURS)
    for stiffness, rooted, weekly in (
        (1e-3, False, False),
        (1e-1, False, False),
        (1e-2, True, False),
        (1e-1 if lags == WEEK_HOURS else 1e-2, True, True),
    )
)


@dataclass(frozen=True, slots=True)
class Lagged:
    """A fitted model; ``weights`` has one row a lag and one column an hour ahead.

    ``usual`` is the median week that follows the ``hours`` of the fitted past.
    """

    shape: Shape
    weights: Values
    usual: Values
    hours: int

    def __call__(self, past: Values) -> Values:
        """Forecast the hours after ``past``, which begins at the same hour as the fitted past."""
        recent = _scaled(past[-self.shape.lags :], self.shape)
        since, horizon = len(past) - self.hours, self.weights.shape[1]
        hours = np.arange(since - len(recent), since + horizon)
        base = self.usual[hours % WEEK_HOURS]
        if not self.shape.weekly:
            base = np.full(len(hours), recent[-DAY_HOURS:].mean())
        past_base, ahead = np.split(base, [len(recent)])
        predicted = np.maximum((recent - past_base) @ self.weights + ahead, 0.0)
        return np.asarray(np.square(predicted) if self.shape.rooted else predicted)


def fit(past: Values, horizon: int, shape: Shape) -> Lagged:
    """Fit to every window of the past half year at most.

    Raises:
        ValueError: The past is shorter than one window.
    """
    lags = shape.lags
    values = _scaled(past[-MAX_LAG_HOURS:], shape)
    usual = np.zeros(WEEK_HOURS)
    if shape.weekly:
        usual = seasonal_median(values, WEEK_HOURS, WEEK_HOURS, MAX_LAG_HOURS // WEEK_HOURS)
        values = values - usual[np.arange(-len(values), 0) % WEEK_HOURS]
    windows = np.lib.stride_tricks.sliding_window_view(values, lags + horizon)
    if not shape.weekly:
        windows = windows - windows[:, lags - DAY_HOURS : lags].mean(axis=1, keepdims=True)
    lagged_values, ahead = windows[:, :lags], windows[:, lags:]
    products = lagged_values.T @ lagged_values
    # The constant keeps the system solvable for a series that never changes.
    products[np.diag_indices(lags)] += shape.stiffness * np.trace(products) / lags + 1e-9
    weights = np.asarray(np.linalg.solve(products, lagged_values.T @ ahead), dtype=float)
    return Lagged(shape, weights, usual, len(past))


def _scaled(values: Values, shape: Shape) -> Values:
    return np.sqrt(values) if shape.rooted else values
