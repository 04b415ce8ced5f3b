"""Keys that have become slower: a cumulative sum over runs of keys whose durations were stable.

CUSUM (Page 1954) on the logarithm of the duration, against the median of the runs before. What one
run can add or take away is limited, so it takes three slow runs in a row: a single straggler is
no regression, and a key that is half as slow again is found by its fifth.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median, stdev

REMEMBERED_RUNS = 20
FEWEST_RUNS = 5
# The standard deviation of the logarithm below which a key counts as stable: within 10 percent.
STABLE_DEVIATION = 0.1
# A run up to 16 percent slower than usual adds nothing, and none adds more than 22 percent.
SLACK_LOG = 0.15
LIMIT_LOG = 0.2
ALARM_LOG = 0.5
BACK_LOG = 0.1
RECENT_RUNS = 3
_SHORTEST_SECONDS = 1e-3


@dataclass(frozen=True, slots=True)
class TimedRun:
    """One run of a key that succeeded; ``ended_at`` is in epoch seconds."""

    key: str
    run: str
    ended_at: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Regression:
    """A key that takes ``factor`` times its usual seconds since the run ``run``.

    ``found_at`` is the end of the run by which it was found, ``runs`` how many had been slow then.
    """

    key: str
    run: str
    since: float
    found_at: float
    runs: int
    usual_seconds: float
    factor: float


@dataclass(slots=True)
class KeyWatch:
    """What is known of one key; it sees the key's runs in the order in which they ended."""

    usual: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED_RUNS))
    slow: list[TimedRun] = field(default_factory=list)
    total: float = 0.0
    current: Regression | None = None

    @property
    def watching(self) -> bool:
        """Tell whether the key is stable enough for a slower run to mean something."""
        return bool(self.slow) or (
            len(self.usual) >= FEWEST_RUNS and stdev(self.usual) < STABLE_DEVIATION
        )

    def see(self, run: TimedRun) -> Regression | None:
        """Learn from a run; return the regression if this run is the one by which it is found."""
        log_seconds = math.log(max(run.seconds, _SHORTEST_SECONDS))
        if not self.watching:
            self._accept(log_seconds)
            return None
        slower = log_seconds - median(self.usual) - SLACK_LOG
        self.total = max(0.0, self.total + min(max(slower, -LIMIT_LOG), LIMIT_LOG))
        if not self.total:
            self._accept(*map(_log, self.slow), log_seconds)
            self.slow = []
            return None
        self.slow.append(run)
        if self.total >= ALARM_LOG:
            return self._found()
        if len(self.slow) == REMEMBERED_RUNS:
            self._adopt()
        return None

    def _found(self) -> Regression:
        usual = median(self.usual)
        factor = math.exp(median(map(_log, self.slow)) - usual)
        first, last = self.slow[0], self.slow[-1]
        self.current = Regression(
            first.key,
            first.run,
            first.ended_at,
            last.ended_at,
            len(self.slow),
            math.exp(usual),
            factor,
        )
        self._adopt()
        return self.current

    def _adopt(self) -> None:
        """Take what was slow for the new usual, so that it is reported once."""
        self.usual.clear()
        self.usual.extend(map(_log, self.slow))
        self.slow, self.total = [], 0.0

    def _accept(self, *log_seconds: float) -> None:
        """Remember durations; a regression is over when they are back, or have become usual."""
        self.usual.extend(log_seconds)
        if self.current is None:
            return
        recent = median(list(self.usual)[-RECENT_RUNS:])
        is_back = recent < math.log(self.current.usual_seconds) + BACK_LOG
        if is_back or len(self.usual) == REMEMBERED_RUNS:
            self.current = None


@dataclass(frozen=True, slots=True)
class RegressionHistory:
    """All that was found in a history, and what of it still holds."""

    found: tuple[Regression, ...]
    current: tuple[Regression, ...]


def regressions(runs: Iterable[TimedRun]) -> RegressionHistory:
    """Watch every key of a history, whatever its order."""
    watches: dict[str, KeyWatch] = defaultdict(KeyWatch)
    ordered = sorted(runs, key=lambda run: run.ended_at)
    alarms = tuple(alarm for run in ordered if (alarm := watches[run.key].see(run)))
    current = tuple(watch.current for watch in watches.values() if watch.current)
    return RegressionHistory(alarms, current)


def _log(run: TimedRun) -> float:
    return math.log(max(run.seconds, _SHORTEST_SECONDS))
