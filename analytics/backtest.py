"""How far off the forecasts would have been: rolling origin, in the order of time.

Every run is forecast at the moment it started, from what had ended by then, and only learnt from
at the moment it ended. So nothing of the future, and nothing that was still running, leaks in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from analytics.durations import Durations, Forecast, loss
from analytics.history import Run

WITHIN = 0.1


@dataclass(frozen=True, slots=True)
class Point:
    """One run that succeeded, beside what was forecast of it."""

    run: Run
    forecast: Forecast


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How well ``points`` runs were forecast.

    ``likeness`` is the mean of min/max of forecast and actual: 1 is perfect. ``error`` is the mean
    absolute error relative to the actual; ``weighted_error`` the sum of errors over the sum of
    actuals. ``within`` is the share that was less than a tenth off.
    """

    points: int
    likeness: float
    error: float
    weighted_error: float
    within: float


@dataclass(frozen=True, slots=True)
class Backtest:
    """What was forecast in hindsight, and the model that has learnt from all of it."""

    points: tuple[Point, ...]
    model: Durations

    def accuracy(self, of: str = "model") -> Accuracy | None:
        """Return how good the model was, or one rule alone; None where nothing was forecast."""
        if of == "model":
            return _accuracy(self.points, lambda forecast: forecast.p50)
        return _accuracy(self.points, lambda forecast: forecast.by_rule[of])

    def coverage(self) -> float | None:
        """Return the share of runs that took no longer than their 90th percentile."""
        if not self.points:
            return None
        return fmean(point.run.seconds <= point.forecast.p90 for point in self.points)


def backtest(runs: Iterable[Run]) -> Backtest:
    """Forecast every run that succeeded from what had ended when it started."""
    finished = list(runs)
    # An end precedes a start at the same moment: the step before is known to the one after.
    starts = [(run.started_at, 1, run) for run in finished if run.succeeded]
    ends = [(run.ended_at, 0, run) for run in finished]
    model, points = Durations(), []
    for _, starting, run in sorted(starts + ends, key=lambda event: event[:2]):
        if not starting:
            model.observe(run)
        elif forecast := model.forecast(run.kind, run.key):
            points.append(Point(run, forecast))
    return Backtest(tuple(points), model)


def _accuracy(points: Sequence[Point], of: Callable[[Forecast], float]) -> Accuracy | None:
    if not points:
        return None
    pairs = [(of(point.forecast), point.run.seconds) for point in points]
    errors = [abs(predicted - actual) for predicted, actual in pairs]
    relative = [error / max(actual, 1e-3) for error, (_, actual) in zip(errors, pairs, strict=True)]
    return Accuracy(
        points=len(pairs),
        likeness=1 - fmean(loss(predicted, actual) for predicted, actual in pairs),
        error=fmean(relative),
        weighted_error=sum(errors) / max(sum(actual for _, actual in pairs), 1e-3),
        within=fmean(share <= WITHIN for share in relative),
    )
