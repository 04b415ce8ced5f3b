"""The weights of a mixture of forecasts, computed from their recent errors.

Half of a weight comes from greedy selection (Caruana et al. 2004), which finds the mixture with the
smallest error, half from the inverse of the errors, which spreads the risk. Near and far hours have
separate weights: the last hour says much about the next and nothing about next week.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analytics.statistics.seasonal import Values

REACH_HOURS = ((0, 6), (6, 24), (24, 72), (72, 168))
GREEDY_STEPS = 10
ERROR_EXPONENT = 8

Forecasts = NDArray[np.float64]


def reaches(horizon: int) -> list[slice]:
    """Return the ranges of hours ahead that have separate weights."""
    last = REACH_HOURS[-1][1]
    ends = [*REACH_HOURS, (last, horizon)] if horizon > last else REACH_HOURS
    return [slice(start, min(end, horizon)) for start, end in ends if start < horizon]


def weights(forecasts: Forecasts, actual: Forecasts) -> Values:
    """Return the weight of each method for each hour ahead; each column adds up to one.

    ``forecasts`` is methods x origins x hours ahead, ``actual`` origins x hours ahead.
    """
    count, _, horizon = forecasts.shape
    blended = np.empty((count, horizon))
    for reach in reaches(horizon):
        predicted, truth = forecasts[:, :, reach].reshape(count, -1), actual[:, reach].ravel()
        blended[:, reach] = ((_greedy(predicted, truth) + _inverse(predicted, truth)) / 2)[:, None]
    return blended


def mixed(forecasts: Forecasts, shares: Values) -> Forecasts:
    """Return the mixture of methods x ... x hours ahead."""
    return np.asarray(np.einsum("m...h,mh->...h", forecasts, shares))


def _greedy(predicted: Values, truth: Values) -> Values:
    """Add, with replacement, the forecast that improves the mean most; return the shares."""
    total, picked = np.zeros_like(truth), np.zeros(len(predicted))
    for step in range(1, GREEDY_STEPS + 1):
        best = int(np.argmin(np.abs((total + predicted) / step - truth).mean(axis=1)))
        total += predicted[best]
        picked[best] += 1
    return picked / GREEDY_STEPS


def _inverse(predicted: Values, truth: Values) -> Values:
    errors = np.abs(predicted - truth).mean(axis=1) + 1e-12
    shares = (errors.min() / errors) ** ERROR_EXPONENT
    return np.asarray(shares / shares.sum())
