"""Starts flow runs that were due before the clock was set back; they would wait for it otherwise.

Runs that a schedule has planned keep their time of day; runs that somebody has requested are due at
once.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from stack.api import Json, SlipwayApi
from stack.flow_run import seconds
from stack.runs.flow_process import flow_processes, flow_runs_in
from stack.runs.rescheduling import replan

STEP_SECONDS = 2.0
"""The smallest step that counts: clocks are adjusted by less all the time."""

REPLAN_SECONDS = 60.0
"""The smallest step that replans schedules: by a smaller one no schedule misses a time."""

EARLY_SECONDS = 60.0
"""More than the time before it is due at which a worker takes a flow run."""

LOOKS_AFTER_STEP = 10
"""Number of looks after a step: a state under way may still be written with the old time."""


def waits_in_vain(
    state_type: str, set_at: datetime, scheduled: datetime | None, now: datetime
) -> bool:
    """Tell whether a flow run waits only because the clock was set back.

    Args:
        state_type: ``SCHEDULED`` or ``PENDING``.
        set_at: When it got that state, as the clock was then.
        scheduled: When it is due.
        now: The time, as the clock is now.
    """
    if scheduled is None or scheduled <= now:
        return False
    if state_type == "PENDING":
        return scheduled > now + timedelta(seconds=EARLY_SECONDS)
    return set_at > now + timedelta(seconds=STEP_SECONDS)


class ClockSetBack:
    """Starts flow runs that were due when the clock was set back.

    Args:
        api: Client of the server.
        pool: The work pool.
        home: The home of the stack; flow runs that have a process there are not touched.
        clock: Returns the time of day.
    """

    def __init__(
        self, api: SlipwayApi, pool: str, home: Path, clock: Callable[[], float] = time.time
    ) -> None:
        self._api, self._pool, self._home, self._clock = api, pool, home, clock
        self._ahead = float("inf")
        self._looks = 0
        self._plans_rest = False

    def __call__(self, now: float) -> list[str]:
        """Look once, at the monotonic time ``now``; return a sentence for each that is due.

        Schedules are planned again at the first look after a step at which the server answers.
        """
        of_day = self._clock()
        back_seconds = self._ahead - (of_day - now)
        if back_seconds > STEP_SECONDS:
            self._looks = LOOKS_AFTER_STEP
        self._plans_rest |= REPLAN_SECONDS < back_seconds < float("inf")
        self._ahead = of_day - now
        if not self._looks:
            return []
        today = datetime.fromtimestamp(of_day, UTC)
        replanned = replan(self._api, self._pool, today) if self._plans_rest else []
        self._plans_rest = False
        waiting = [run for run in self._scheduled() if _waits(run, today)]
        processes = flow_processes(self._home) if waiting else {}
        sentences = [
            self._have_begin(run, today) for run in waiting if str(run["id"]) not in processes
        ]
        self._looks -= 1
        return [*replanned, *sentences]

    def _scheduled(self) -> list[Json]:
        return flow_runs_in(self._api, self._pool, "SCHEDULED")

    def _have_begin(self, run: Json, now: datetime) -> str:
        state: Json = {
            "type": "SCHEDULED",
            "name": run["state_name"],
            "message": "The clock was set back after it was due.",
            "state_details": {"scheduled_time": now.isoformat()},
        }
        body = {"state": state, "force": True}
        self._api.call("POST", f"/flow_runs/{run['id']}/set_state", body)
        return f"flow run {run['id']} was due before the clock was set back; it is due now"


def _waits(run: Json, now: datetime) -> bool:
    """Tell whether a run waits in vain, and no schedule has planned it for that time of day."""
    state = run["state"]
    set_at, scheduled = _time(state["timestamp"]), _time(state["state_details"]["scheduled_time"])
    if set_at is None or not waits_in_vain("SCHEDULED", set_at, scheduled, now):
        return False
    planned = run["auto_scheduled"] and scheduled is not None and scheduled > set_at
    return not planned


def _time(text: str | None) -> datetime | None:
    since = seconds(text)
    return None if since is None else datetime.fromtimestamp(since, UTC)
