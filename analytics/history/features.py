"""The features of every run, computed from the runs that had ended at its submission only.

One pass over the moments at which runs were submitted or ended computes them all. Of runs that had
not ended, only their number and ages are used. So nothing leaks from the future, and the backtest
and the next forecast use the same code.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from math import exp, log, log1p, nan, sqrt
from operator import mul

import numpy as np
import numpy.typing as npt
import pandas as pd

from analytics.history.columns import INPUT, KNOWN, known
from analytics.history.run_context import groups
from analytics.statistics.kaplan_meier import NAMES as WITH_RUNNING
from analytics.statistics.kaplan_meier import KaplanMeier

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

RULES = ("last run", "mean of 2", "median of 5", "median of 20")
# A rule reads the newest durations of a group, and a share of successes its newest outcomes.
WINDOW_RUNS = 20
RECENT_RUNS = 10
MIN_SECONDS = 1e-3
_FACTS = (
    *RULES,
    "longest",
    "shortest",
    "spread",
    "runs",
    "age",
    "last state",
    "success",
    "waiting",
)
_SIZE_RULES = ("scaled by input", "nearest inputs")
# The rules on input sizes read the newest runs of a key, from this number on.
_FITTED_RUNS = 64
_MIN_RUNS = 3
_NEAREST_RUNS = 3
_HOUR_SECONDS = 3600.0
_DAY_SECONDS = 86_400.0
_WEEK_DAYS = 7.0


@dataclass(frozen=True, slots=True)
class RunFeatures:
    """The features of each run at its submission; row ``i`` belongs to row ``i`` of the history.

    ``matrix`` is (runs, features) float32 with NaN if a feature is unknown. ``rules`` is
    (runs, rules) with the natural logarithm of each simple rule's value; ``names`` and
    ``rule_names`` name their columns. ``level`` is the finest level with a past, by its index in
    ``levels``, which are those that separate runs; -1 where there is none. ``runs`` and ``spread``
    are the number and the standard deviation of the logarithms in that level's past.
    """

    matrix: npt.NDArray[np.float32]
    names: tuple[str, ...]
    rules: Floats
    rule_names: tuple[str, ...]
    levels: tuple[str, ...]
    level: Ints
    runs: Floats
    spread: Floats


class _GroupHistory:
    """The recent past of one group of similar runs."""

    __slots__ = ("ended", "last", "okays", "recent", "waiting")

    def __init__(self) -> None:
        self.recent: deque[float] = deque(maxlen=WINDOW_RUNS)
        self.okays: deque[float] = deque(maxlen=RECENT_RUNS)
        self.ended = self.last = nan
        self.waiting = 0

    def facts(self, now: float) -> tuple[float, ...]:
        """Return the values of ``_FACTS`` at ``now``; durations as logarithms."""
        success = sum(self.okays) / len(self.okays) if self.okays else nan
        age = log1p(max(0.0, now - self.ended))
        tail = (age, self.last, success, float(self.waiting))
        values, n = [*self.recent], len(self.recent)
        if not n:
            return (*([nan] * 7), 0.0, *tail)
        ordered, mean = sorted(values), sum(values) / n
        spread = sqrt(max(0.0, sum(map(mul, values, values)) / n - mean * mean))
        rules = (
            values[-1],
            _between(values[-1], values[-2]) if n > 1 else values[-1],
            _median(sorted(values[-5:])),
            _median(ordered),
        )
        return (*rules, ordered[-1], ordered[0], spread, float(n), *tail)


def moments(submitted: Floats, ended: Floats) -> Iterator[tuple[int, bool]]:
    """Yield (run, whether it ends now) in the order of time; moments that are NaN are left out.

    An end precedes a submission at the same moment, so that a step can learn from the one before
    it; but no run ends before it was submitted.
    """
    n = len(submitted)
    time = np.concatenate([submitted, ended])
    phase = np.concatenate([np.ones(n), np.where(ended > submitted, 0, 2)])
    order = np.lexsort((phase, time))
    for place in order[: int(np.isfinite(time).sum())].tolist():
        yield (place - n, True) if place >= n else (place, False)


def compute_features(table: pd.DataFrame, target: str = "seconds") -> RunFeatures:
    """Return the features of each run of the history ``table`` that forecast ``target``."""
    levels = groups(table)
    value = logs(table[target])
    trainable = (table["is_trainable"] & table[target].ge(0)).to_numpy()
    okay = table["state"].eq("succeeded").to_numpy(float)
    counts = ~table["state"].isin(["cancelled", "crashed", "running"]).to_numpy()
    submitted, ended = table["submitted_at"].to_numpy(float), table["ended_at"].to_numpy(float)
    size = logs(table[INPUT]) if INPUT in table else None
    scaled = _InputSizeRules(levels["key"], size, value)
    running, key = KaplanMeier(), levels["key"].tolist()
    started = table["started_at"].to_numpy(float)
    running_quantiles = np.full((len(table), len(WITH_RUNNING)), np.nan)

    codes = [array.tolist() for array in levels.values()]
    groups_by_level: list[defaultdict[int, _GroupHistory]] = [
        defaultdict(_GroupHistory) for _ in codes
    ]
    width = len(_FACTS)
    facts = np.full((len(table), width * len(codes) + len(_SIZE_RULES)), np.nan)
    for run, is_end in moments(submitted, ended):
        now = ended[run] if is_end else submitted[run]
        for place, (groups_by_code, code) in enumerate(zip(groups_by_level, codes, strict=True)):
            group = groups_by_code[code[run]]
            if not is_end:
                facts[run, place * width : (place + 1) * width] = group.facts(now)
                group.waiting += 1
                continue
            group.waiting -= 1
            if counts[run]:
                group.ended, group.last = now, okay[run]
                group.okays.append(okay[run])
            if trainable[run]:
                group.recent.append(value[run])
        if is_end:
            running.end(key[run], run, value[run] if trainable[run] else None)
            scaled.observe(run, is_trainable=bool(trainable[run]))
            continue
        facts[run, -len(_SIZE_RULES) :] = scaled.predict(run)
        if (quantiles := running.predict(key[run], now)) is not None and target == "seconds":
            running_quantiles[run] = quantiles
        running.begin(key[run], run, started[run])
    return _assembled(table, tuple(levels), facts, running_quantiles)


def logs(values: pd.Series[float]) -> Floats:
    """Return natural logarithms; values below a millisecond count as one."""
    return np.log(np.maximum(values.to_numpy(float), MIN_SECONDS))


class _InputSizeRules:
    """Two rules that use the input's size: a line through a key's logs, and its nearest inputs."""

    def __init__(self, keys: Ints, size: Floats | None, value: Floats) -> None:
        self._keys, self._sizes, self._values = keys, size, value
        self._past_by_key: defaultdict[int, deque[tuple[float, float]]] = defaultdict(
            lambda: deque(maxlen=_FITTED_RUNS)
        )

    def observe(self, run: int, *, is_trainable: bool) -> None:
        """Learn from a run that ended, if it can be trained on."""
        if is_trainable and self._sizes is not None and not np.isnan(self._sizes[run]):
            pair = (self._sizes[run], self._values[run])
            self._past_by_key[int(self._keys[run])].append(pair)

    def predict(self, run: int) -> tuple[float, float]:
        """Return the values of the two rules for a run; NaN if its key has too short a past."""
        pairs = self._past_by_key[int(self._keys[run])] if self._sizes is not None else ()
        if self._sizes is None or len(pairs) < _MIN_RUNS or np.isnan(self._sizes[run]):
            return nan, nan
        sizes, values = np.array(pairs).T
        offsets = sizes - sizes.mean()
        # The ridge keeps the line level where all sizes are equal.
        slope = float(offsets @ values / (offsets @ offsets + 0.1))
        size = float(np.clip(self._sizes[run], sizes.min() - 1, sizes.max() + 1))
        nearest = np.argsort(np.abs(sizes - size), kind="stable")[:_NEAREST_RUNS]
        return float(values.mean() + slope * (size - sizes.mean())), float(
            np.median(values[nearest])
        )


def _assembled(
    table: pd.DataFrame, levels: tuple[str, ...], facts: Floats, running_quantiles: Floats
) -> RunFeatures:
    width = len(_FACTS)
    names = [f"{fact} of {level}" for level in levels for fact in _FACTS] + [*_SIZE_RULES]
    rule_names = [f"{rule} of {level}" for level in levels for rule in RULES] + [*_SIZE_RULES]
    if INPUT not in table:
        names, rule_names = names[: -len(_SIZE_RULES)], rule_names[: -len(_SIZE_RULES)]
        facts = facts[:, : -len(_SIZE_RULES)]
    runs = facts[:, _FACTS.index("runs") :: width][:, : len(levels)]
    spreads = facts[:, _FACTS.index("spread") :: width][:, : len(levels)]
    level = np.where((runs > 0).any(axis=1), (runs > 0).argmax(axis=1), -1)
    row = np.arange(len(table))
    before = known(table)
    at = table["submitted_at"].to_numpy(float)
    clock = np.column_stack([at % _DAY_SECONDS / _HOUR_SECONDS, at // _DAY_SECONDS % _WEEK_DAYS])
    features = np.column_stack([facts, running_quantiles, before.to_numpy(float), clock]).astype(
        np.float32
    )
    return RunFeatures(
        matrix=features,
        names=(
            *names,
            *WITH_RUNNING,
            *(str(name).removeprefix(KNOWN) for name in before),
            "hour",
            "weekday",
        ),
        rules=np.column_stack(
            [facts[:, [names.index(name) for name in rule_names]], running_quantiles]
        ),
        rule_names=(*rule_names, *WITH_RUNNING),
        levels=levels,
        level=level,
        runs=np.where(level >= 0, runs[row, level], 0.0),
        spread=np.where(level >= 0, spreads[row, level], np.nan),
    )


def _median(ordered: Sequence[float]) -> float:
    n = len(ordered)
    middle = [*islice(ordered, (n - 1) // 2, n // 2 + 1)]
    return middle[0] if len(middle) == 1 else _between(*middle)


def _between(first: float, second: float) -> float:
    """Return the logarithm of the mean of two values given as logarithms."""
    return log((exp(first) + exp(second)) / 2)
