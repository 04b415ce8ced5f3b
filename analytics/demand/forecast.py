"""How much will be asked for, hour by hour, up to a week ahead: a median, a mean and a band.

A blend of what was at this hour before, of the recent level and of linear models of the last day
and week, weighed by how each did at the most recent origins. Where the blend does not beat the
better seasonal naive on origins it was not weighed by, the seasonal naive is what is forecast.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from threadpoolctl import ThreadpoolController

from analytics.demand import lagged
from analytics.demand.mixture import Forecasts, mixed, reaches, weights
from analytics.statistics.seasonal import DAY, METHODS, NAIVE, Method, Values

HORIZONS = (6, 12, 24, 48, 168)
MOST_ORIGINS = 56
# Origins a day and an hour apart, so that each is at another hour of the day.
STRIDE_HOURS = DAY + 1
BAND = (0.1, 0.9)

# Threads gain nothing on matrices this small, and wait for each other busily on a machine in use.
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
    """A method that is asked for one horizon."""

    method: Method
    horizon: int

    def __call__(self, past: Values) -> Values:
        return self.method(past, self.horizon)


@dataclass(frozen=True, slots=True)
class _Backtest:
    """What each method said at past origins (methods x origins x hours ahead), and what came."""

    names: tuple[str, ...]
    forecasts: Forecasts
    actual: Forecasts

    def errors(self) -> Values:
        return np.asarray(np.abs(self.forecasts - self.actual).mean(axis=(1, 2)))


def forecast(past: Values, horizon: int = HORIZONS[-1]) -> Demand | None:
    """Forecast the hours after ``past``: one value an hour, the newest last, none negative.

    Returns None for a past of less than two days: nothing is known of the hours of a day then.

    Raises:
        ValueError: A value is negative or not a number.
    """
    if not np.all(past >= 0):
        raise ValueError(f"demand is never negative or unknown, but {past[~(past >= 0)][0]} is")
    if len(past) < 2 * DAY:
        return None
    with _THREADS.limit(limits=1, user_api="blas"):
        ahead = {name: method(past) for name, method in _methods(past, horizon).items()}
        backtest = _backtest(past, horizon, ahead)
    shares, past_forecasts = _shares(backtest)
    median = mixed(np.array([ahead[name] for name in backtest.names]), _reaching(shares, horizon))
    return _banded(median, backtest, shares, past_forecasts)


def forecasts(table: pd.DataFrame, horizon: int = HORIZONS[-1]) -> dict[str, Demand]:
    """Forecast every column of an hourly table; those of which too little is known are left out."""
    demands = {str(name): forecast(table[name].to_numpy(float), horizon) for name in table}
    return {name: demand for name, demand in demands.items() if demand}


def _methods(past: Values, horizon: int) -> dict[str, Callable[[Values], Values]]:
    """Return all methods that this past allows, the lagged ones fitted to it."""
    methods: dict[str, Callable[[Values], Values]] = {
        name: _MethodAtHorizon(method, horizon) for name, method in METHODS.items()
    }
    for shape in lagged.SHAPES:
        if shape.fits(len(past), horizon):
            methods[str(shape)] = lagged.fit(past, horizon, shape)
    return methods


def _backtest(past: Values, horizon: int, allowed: Container[str]) -> _Backtest:
    """Forecast from past origins; a short past is tried over fewer hours and fewer origins."""
    horizon = min(horizon, max(len(past) // 6, min(DAY, len(past) // 3)))
    count = min(MOST_ORIGINS, max(1, (len(past) // 3 - horizon) // STRIDE_HOURS))
    last = len(past) - horizon
    origins = [last - STRIDE_HOURS * back for back in range(count)][::-1]
    fitted = _methods(past[: origins[0]], horizon)
    methods = {name: method for name, method in fitted.items() if name in allowed}
    predicted = [[method(past[:origin]) for origin in origins] for method in methods.values()]
    actual = [past[origin : origin + horizon] for origin in origins]
    return _Backtest(tuple(methods), np.array(predicted), np.array(actual))


def _shares(backtest: _Backtest) -> tuple[Values, Forecasts]:
    """Return the shares (methods x hours ahead), and what they would have said at past origins.

    That is the blend, each half of the origins forecast by the shares that suit the other half, or
    the better seasonal naive alone where the blend is no better.
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
    """Extend methods x hours to the whole horizon by what holds for the last hour of them."""
    missing = horizon - per_hour.shape[-1]
    return np.pad(per_hour, ((0, 0), (0, missing)), mode="edge")


def _banded(
    median: Values, backtest: _Backtest, shares: Values, past_forecasts: Forecasts
) -> Demand:
    """Put the errors of what was said at past origins around a forecast.

    They are taken on the scale of square roots, on which those of counts are of even size.
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
