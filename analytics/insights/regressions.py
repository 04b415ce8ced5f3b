"""Detection of duration regressions by a cumulative sum over the runs of stable keys.

CUSUM (Page 1954) on the logarithm of the duration, against the median of the runs before. The
contribution of one run is limited, so an alarm needs three slow runs in a row: a single straggler
is not a regression, and a key that takes half as long again is found by its fifth run.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median, stdev

REMEMBERED_RUNS = 20
MIN_RUNS = 5
# The standard deviation of the logarithm below which a key counts as stable: within 10 percent.
STABLE_DEVIATION = 0.1
# As logarithms: a run up to 16 percent slower than usual adds nothing, and none adds more than 22
# percent; the alarm is at a sum of 0.5.
SLACK_LOG = 0.15
LIMIT_LOG = 0.2
ALARM_LOG = 0.5
# A regression is over once the recent median is back within this logarithm of the usual.
BACK_LOG = 0.1
RECENT_RUNS = 3
_MIN_SECONDS = 1e-3


@dataclass(frozen=True, slots=True)
class TimedRun:
    """One run of a key that succeeded; ``ended_at`` is in epoch seconds."""

    key: str
    run: str
    ended_at: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Regression:
    """A key that has taken ``factor`` times its usual seconds since the run ``run``.

    ``found_at`` is the end of the run that raised the alarm, ``runs`` the number of slow runs then.
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
    """The detector of one key; it reads the key's runs in the order in which they ended."""

    usual: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED_RUNS))
    slow: list[TimedRun] = field(default_factory=list)
    total: float = 0.0
    current: Regression | None = None

    @property
    def watching(self) -> bool:
        """Whether the key is stable enough for a slower run to be significant."""
        return bool(self.slow) or (
            len(self.usual) >= MIN_RUNS and stdev(self.usual) < STABLE_DEVIATION
        )

    def see(self, run: TimedRun) -> Regression | None:
        """Learn from a run; return the regression if this run raises the alarm."""
        log_seconds = math.log(max(run.seconds, _MIN_SECONDS))
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
            return self._raise_alarm()
        if len(self.slow) == REMEMBERED_RUNS:
            self._adopt()
        return None

    def _raise_alarm(self) -> Regression:
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
        """Take the slow durations as the new usual ones, so that a regression is reported once."""
        self.usual.clear()
        self.usual.extend(map(_log, self.slow))
        self.slow, self.total = [], 0.0

    def _accept(self, *log_seconds: float) -> None:
        """Add durations; a regression is over when they are back, or have become usual."""
        self.usual.extend(log_seconds)
        if self.current is None:
            return
        recent = median(list(self.usual)[-RECENT_RUNS:])
        is_back = recent < math.log(self.current.usual_seconds) + BACK_LOG
        if is_back or len(self.usual) == REMEMBERED_RUNS:
            self.current = None


@dataclass(frozen=True, slots=True)
class RegressionHistory:
    """All regressions found in a history, and those that still hold."""

    regressions: tuple[Regression, ...]
    current: tuple[Regression, ...]


def regressions(runs: Iterable[TimedRun]) -> RegressionHistory:
    """Watch every key of a history, whatever its order."""
    watches: dict[str, KeyWatch] = defaultdict(KeyWatch)
    ordered = sorted(runs, key=lambda run: run.ended_at)
    alarms = tuple(alarm for run in ordered if (alarm := watches[run.key].see(run)))
    current = tuple(watch.current for watch in watches.values() if watch.current)
    return RegressionHistory(alarms, current)


def _log(run: TimedRun) -> float:
    return math.log(max(run.seconds, _MIN_SECONDS))
