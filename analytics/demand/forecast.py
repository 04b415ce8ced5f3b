"""The demand forecast, hour by hour and up to a week ahead: a median, a mean and a band.

It blends seasonal forecasts, the recent level and linear models of the last day and week, weighed
by their errors at the most recent origins. If the blend does not beat the better seasonal naive in
cross-validation over the origins, the seasonal naive is used.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from threadpoolctl import ThreadpoolController

from analytics.demand import lagged
from analytics.demand.mixture import Forecasts, mixed, reaches, weights
from analytics.statistics.seasonal import DAY_HOURS, METHODS, NAIVE, Method, Values

HORIZONS = (6, 12, 24, 48, 168)
MAX_ORIGINS = 56
# Origins are a day and an hour apart, so that each is at another hour of the day.
STRIDE_HOURS = DAY_HOURS + 1
BAND = (0.1, 0.9)

# More threads do not help with such small matrices; on a busy machine they wait for each other.
_THREADS = ThreadpoolController()


@dataclass(frozen=True, slots=True)
class Demand:
    """One value for each hour to come.

    Half of the hours should be above ``median``, a tenth below ``low`` and a tenth above ``high``;
    ``mean`` adds up to what to expect in total. ``shares`` says how much of each method is in it,
    ``error`` how far it was off on average in the backtest, ``naive_error`` the better seasonal
    naive.
    """

    median: Values
    mean: Values
    low: Values
    high: Values
    shares: Mapping[str, float]
    error: float
    naive_error: float


@dataclass(frozen=True, slots=True)
class _MethodAtHorizon:
    """A method with a fixed horizon."""

    method: Method
    horizon: int

    def __call__(self, past: Values) -> Values:
        return self.method(past, self.horizon)


@dataclass(frozen=True, slots=True)
class _Backtest:
    """Forecasts at past origins (methods x origins x hours ahead), and the actual values."""

    names: tuple[str, ...]
    forecasts: Forecasts
    actual: Forecasts

    def errors(self) -> Values:
        return np.asarray(np.abs(self.forecasts - self.actual).mean(axis=(1, 2)))


def forecast(past: Values, horizon: int = HORIZONS[-1]) -> Demand | None:
    """Forecast the hours after ``past``, which has one value an hour, the newest last.

    Returns None for a past of less than two days, which does not show the course of a day.

    Raises:
        ValueError: A value is negative or not a number.
    """
    if not np.all(past >= 0):
        raise ValueError(f"demand is never negative or unknown, but {past[~(past >= 0)][0]} is")
    if len(past) < 2 * DAY_HOURS:
        return None
    with _THREADS.limit(limits=1, user_api="blas"):
        ahead = {name: method(past) for name, method in _methods(past, horizon).items()}
        backtest = _backtest(past, horizon, ahead)
    shares, past_forecasts = _shares(backtest)
    median = mixed(np.array([ahead[name] for name in backtest.names]), _reaching(shares, horizon))
    return _banded(median, backtest, shares, past_forecasts)


def forecasts(table: pd.DataFrame, horizon: int = HORIZONS[-1]) -> dict[str, Demand]:
    """Forecast every column of an hourly table; columns with too short a past are left out."""
    demands = {str(name): forecast(table[name].to_numpy(float), horizon) for name in table}
    return {name: demand for name, demand in demands.items() if demand}


def _methods(past: Values, horizon: int) -> dict[str, Callable[[Values], Values]]:
    """Return all methods for which the past is long enough, the lagged ones fitted to it."""
    methods: dict[str, Callable[[Values], Values]] = {
        name: _MethodAtHorizon(method, horizon) for name, method in METHODS.items()
    }
    for shape in lagged.SHAPES:
        if shape.fits(len(past), horizon):
            methods[str(shape)] = lagged.fit(past, horizon, shape)
    return methods


def _backtest(past: Values, horizon: int, allowed: Container[str]) -> _Backtest:
    """Forecast from past origins; a short past has fewer origins and a shorter horizon."""
    horizon = min(horizon, max(len(past) // 6, min(DAY_HOURS, len(past) // 3)))
    count = min(MAX_ORIGINS, max(1, (len(past) // 3 - horizon) // STRIDE_HOURS))
    last = len(past) - horizon
    origins = [last - STRIDE_HOURS * back for back in range(count)][::-1]
    fitted = _methods(past[: origins[0]], horizon)
    methods = {name: method for name, method in fitted.items() if name in allowed}
    predicted = [[method(past[:origin]) for origin in origins] for method in methods.values()]
    actual = [past[origin : origin + horizon] for origin in origins]
    return _Backtest(tuple(methods), np.array(predicted), np.array(actual))


def _shares(backtest: _Backtest) -> tuple[Values, Forecasts]:
    """Return the shares (methods x hours ahead) and their forecasts at past origins.

    They are those of the blend, where each half of the origins is forecast with the shares fitted
    to the other half, or those of the better seasonal naive where the blend is not better.
    """
    errors = backtest.errors()
    naive = min(map(backtest.names.index, NAIVE), key=errors.__getitem__)
    if len(backtest.actual) > 1:
        blend = _crosswise(backtest)
        if np.abs(blend - backtest.actual).mean() < errors[naive]:
            return weights(backtest.forecasts, backtest.actual), blend
    alone = np.zeros((len(backtest.names), backtest.actual.shape[1]))
    alone[naive] = 1.0
    return alone, backtest.forecasts[naive]


def _crosswise(backtest: _Backtest) -> Forecasts:
    half = len(backtest.actual) // 2
    older, newer = slice(None, half), slice(half, None)
    forecasts_by_half = [
        mixed(
            backtest.forecasts[:, judged],
            weights(backtest.forecasts[:, other], backtest.actual[other]),
        )
        for judged, other in ((older, newer), (newer, older))
    ]
    return np.concatenate(forecasts_by_half)


def _reaching(per_hour: Values, horizon: int) -> Values:
    """Extend methods x hours to the whole horizon by repeating the last hour."""
    missing = horizon - per_hour.shape[-1]
    return np.pad(per_hour, ((0, 0), (0, missing)), mode="edge")


def _banded(
    median: Values, backtest: _Backtest, shares: Values, past_forecasts: Forecasts
) -> Demand:
    """Return a forecast with a band from the errors of the forecasts at past origins.

    The errors are those of square roots, which stabilises the variance of counts.
    """
    horizon = len(median)
    rooted, error = (
        np.sqrt(backtest.actual) - np.sqrt(past_forecasts),
        backtest.actual - past_forecasts,
    )
    edges = np.empty((3, error.shape[1]))
    for reach in reaches(error.shape[1]):
        edges[:2, reach] = np.quantile(rooted[:, reach], BAND)[:, None]
        edges[2, reach] = error[:, reach].mean()
    low, high, bias = _reaching(edges, horizon)
    root = np.sqrt(median)
    naive = min(backtest.errors()[backtest.names.index(name)] for name in NAIVE)
    return Demand(
        median=median,
        mean=np.maximum(median + bias, 0.0),
        low=np.minimum(np.maximum(root + low, 0.0) ** 2, median),
        high=np.maximum(np.maximum(root + high, 0.0) ** 2, median),
        shares={
            name: float(share)
            for name, share in zip(backtest.names, shares.mean(axis=1), strict=True)
            if share
        },
        error=float(np.abs(error).mean()),
        naive_error=float(naive),
    )
