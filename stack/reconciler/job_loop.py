"""Runs the periodic jobs of the reconciler, each at its own period and independent of the others.

The jobs of one lane run one after the other; lanes run in parallel. A server that does not answer,
or a ledger that is locked, therefore delays only the jobs that need it.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from blocks.errors import SlipwayError

SAME_FAULT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class PeriodicJob:
    """A job that is run periodically; ``act`` gets the time and returns sentences on its changes.

    ``clock`` is the time of day if ``act`` compares it with recorded times, and monotonic if only
    intervals count.
    """

    name: str
    every_seconds: float
    act: Callable[[float], Iterable[str]]
    clock: Callable[[], float] = time.time


class JobLoop:
    """Runs each job when it is due; a failing one is reported and tried again.

    ``beat`` is called after each job, since a pass over all jobs may be long although nothing
    hangs. Due times are monotonic, so that a clock which is set back stops nothing.
    """

    def __init__(
        self,
        jobs: Sequence[PeriodicJob],
        say: Callable[[str], None],
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self._jobs, self._say, self._beat = jobs, say, beat
        self._due: dict[str, float] = {}
        self._faults: dict[str, tuple[str, float]] = {}

    def go(self, now: float) -> None:
        """Run every job that is due at the monotonic time ``now``."""
        for job in self._jobs:
            if now < self._due.get(job.name, now):
                continue
            self._due[job.name] = now + job.every_seconds
            try:
                for sentence in job.act(job.clock()):
                    self._say(f"{job.name}: {sentence}")
            except Exception as error:  # noqa: BLE001 - one job's failure must not end the others
                self._report(job.name, error, now)
            self._beat()

    def keep_going(
        self, stopping: threading.Event, pause_seconds: float, may_act: Callable[[], bool]
    ) -> None:
        """Run due jobs and beat until ``stopping``; while it may not act, only beat."""
        while not stopping.is_set():
            if may_act():
                self.go(time.monotonic())
            else:
                self._beat()
            stopping.wait(pause_seconds)

    def _report(self, name: str, error: Exception, now: float) -> None:
        """Report what went wrong, a foreseen error in one line; the same at most once a minute."""
        fault, last = self._faults.get(name, ("", now))
        if fault == repr(error) and now < last + SAME_FAULT_SECONDS:
            return
        self._faults[name] = (repr(error), now)
        if isinstance(error, SlipwayError):
            self._say(f"{name} failed: {error}")
        else:
            self._say(f"{name} failed: {''.join(traceback.format_exception(error)).rstrip()}")


class JointBeat:
    """The joint heartbeat of several lanes: it beats once each lane has since its last beat.

    A lane that hangs is therefore not hidden by the others.
    """

    def __init__(self, lanes: int, beat: Callable[[], None]) -> None:
        self._lanes, self._beat = lanes, beat
        self._alive: set[str] = set()
        self._turn = threading.Lock()

    def of(self, lane: str) -> None:
        """Note a beat of ``lane``."""
        with self._turn:
            self._alive.add(lane)
            if len(self._alive) < self._lanes:
                return
            self._alive.clear()
        self._beat()
