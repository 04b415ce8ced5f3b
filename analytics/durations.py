"""How long the next run of a key will take, learnt online: predict, then observe.

Several simple rules compete, and each key is predicted by the rule that erred least on its own
past; while that past is short, on the past of all keys. So it comes close to the best of the rules
without having to know which one that is, and over keys that differ it beats each of them.
The 90th percentile is that prediction times a quantile of the ratios by which it was missed, in
the manner of split conformal prediction (Vovk et al. 2005), over a sliding window.
"""

from __future__ import annotations

import math
from bisect import insort
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from analytics.history import Run
from tasks.estimates import Estimate

WINDOW = 20
JUDGED = 50
PRIOR_RUNS = 10
DEFAULT_RATIO = 2.0
_SHORTEST = 1e-3

Rule = Callable[[Sequence[float]], float]


def _smoothed(past: Sequence[float]) -> float:
    level = past[0]
    for seconds in past:
        level += 0.3 * (seconds - level)
    return level


RULES: Mapping[str, Rule] = {
    "median of 5": lambda past: median(past[-5:]),
    "last run": lambda past: past[-1],
    "mean of 2": lambda past: fmean(past[-2:]),
    "median of 3": lambda past: median(past[-3:]),
    "median of 20": lambda past: median(past[-20:]),
    "smoothed": _smoothed,
}


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is expected of the next run, in seconds; ``by_rule`` is what each rule alone says."""

    p50: float
    p90: float
    rule: str
    by_rule: Mapping[str, float]


def loss(predicted: float, actual: float) -> float:
    """Return 0 for a hit, towards 1 for a miss; twice too long is as bad as twice too short."""
    low, high = sorted((max(predicted, _SHORTEST), max(actual, _SHORTEST)))
    return 1 - low / high


class _Series:
    """What is known of one key on one kind of provider."""

    def __init__(self) -> None:
        self.seconds: deque[float] = deque(maxlen=WINDOW)
        self.memory_mib: deque[float] = deque(maxlen=WINDOW)
        self.losses = {rule: deque[float](maxlen=JUDGED) for rule in RULES}
        self.ratios: deque[float] = deque(maxlen=JUDGED)
        self.finished = self.succeeded = 0


class Durations:
    """All keys' durations, learnt from runs in the order in which they ended."""

    def __init__(self) -> None:
        self._series: dict[tuple[str, str], _Series] = defaultdict(_Series)
        self._losses = dict.fromkeys(RULES, 0.0)
        self._observed = 0
        self._ratios: list[float] = []

    def forecast(self, kind: str, key: str) -> Forecast | None:
        """Return what to expect of the next run; None where none has succeeded yet."""
        series = self._series.get((kind, key))
        if series is None or not series.seconds:
            return None
        past = list(series.seconds)
        by_rule = {name: rule(past) for name, rule in RULES.items()}
        rule = min(RULES, key=lambda name: self._score(series, name))
        p50 = by_rule[rule]
        return Forecast(p50, p50 * self._ratio(series), rule, by_rule)

    def observe(self, run: Run) -> None:
        """Learn from one finished run; of one that failed, only that it did."""
        forecast = self.forecast(run.kind, run.key)
        series = self._series[run.kind, run.key]
        series.finished += 1
        if not run.succeeded:
            return
        if forecast:
            self._judge(series, forecast, run.seconds)
        series.succeeded += 1
        series.seconds.append(run.seconds)
        series.memory_mib.append(run.memory_mib)

    def estimates(self, kind: str) -> list[Estimate]:
        """Return an estimate a key of that kind of provider that has succeeded at least once.

        Two successes are assumed beforehand, so that one failure does not condemn a key.
        """
        found = []
        for (of_kind, key), series in sorted(self._series.items()):
            forecast = self.forecast(of_kind, key) if of_kind == kind else None
            if forecast:
                success = (series.succeeded + 2) / (series.finished + 2)
                memory, n = max(series.memory_mib), series.succeeded
                estimate = Estimate(key, forecast.p50, forecast.p90, memory, success, n, "trained")
                found.append(estimate)
        return found

    @property
    def kinds(self) -> list[str]:
        """The kinds of provider that anything ran on."""
        return sorted({kind for kind, _ in self._series})

    def _score(self, series: _Series, rule: str) -> float:
        own = series.losses[rule]
        prior = self._losses[rule] / self._observed if self._observed else 0.0
        return (sum(own) + PRIOR_RUNS * prior) / (len(own) + PRIOR_RUNS)

    def _judge(self, series: _Series, forecast: Forecast, actual: float) -> None:
        for rule, predicted in forecast.by_rule.items():
            missed = loss(predicted, actual)
            series.losses[rule].append(missed)
            self._losses[rule] += missed
        self._observed += 1
        ratio = max(actual, _SHORTEST) / max(forecast.p50, _SHORTEST)
        series.ratios.append(ratio)
        insort(self._ratios, ratio)

    def _ratio(self, series: _Series) -> float:
        """Return the 90th percentile over the prediction: the key's own as its past grows."""
        if not self._ratios:
            return DEFAULT_RATIO
        own, trust = sorted(series.ratios), len(series.ratios) / (len(series.ratios) + WINDOW)
        everyone = _upper(self._ratios, 0.9)
        blended = trust * _upper(own, 0.9) + (1 - trust) * everyone if own else everyone
        return max(1.0, blended)


def _upper(ordered: Sequence[float], share: float) -> float:
    """Return the conformal quantile: at most the largest value seen."""
    rank = math.ceil((len(ordered) + 1) * share)
    return ordered[min(rank, len(ordered)) - 1]
