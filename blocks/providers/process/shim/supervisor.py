"""The supervisor in a shim: starts, watches, restarts and ends one command, and records that.

It sleeps until something happens; timers are the time-out, the pause before a restart, and the
occasional look at the memory of the tree.
"""

from __future__ import annotations

import os
import time

from blocks.providers.process.process_table import entry
from blocks.providers.process.shim import records
from blocks.providers.process.shim.child import Child, StartError, start_child
from blocks.providers.process.shim.events import Events
from blocks.providers.process.shim.restart_policy import quick_ends, restart_delay
from blocks.providers.process.shim.rotated_log import RotatedLog
from blocks.providers.process.shim.tree_memory import TreeMemory
from blocks.providers.process.shim.usage import ChildrenUsage
from blocks.providers.process.shim.verdict import (
    OUT_OF_MEMORY,
    PREEMPTED,
    TIMED_OUT,
    verdict,
    with_survivors,
)
from blocks.providers.process.sweep import RUN_ID, SweptRun, sweep

TYPE_CHECKING = False
if TYPE_CHECKING:  # what is imported here costs each shim time and memory
    from collections.abc import Callable
    from typing import Any

_FIRST_TICK_SECONDS = 0.02
_MAX_TICK_SECONDS = 0.2
_LEFTOVER_GRACE_SECONDS = 2.0
_SCARCE_SECONDS = 1.0
"""Pause before a restart is tried again for which the system had no process."""
_ROOM_SECONDS = 1.0
"""Pause before a record that found no room is written again."""


class ShimSupervisor:
    """Runs one spec to its end; ``adopts``: whether orphans of the tree become its children.

    ``end`` is the text of its exit record, once there is one. A ``lane`` goes on after that, and
    leaves it to whoever started the run to make its end durable. ``shim_started`` is when this process
    started, if that is known; ``encode`` turns a record into JSON.
    """

    def __init__(
        self,
        directory: str,
        spec: dict[str, Any],
        environment: dict[str, str],
        events: Events,
        *,
        adopts: bool,
        lane: bool = False,
        shim_started: float | None = None,
        encode: Callable[[object], str] = records.json_of,
    ) -> None:
        self.directory, self.spec, self.environment = directory, spec, environment
        self.environment[RUN_ID] = spec["run_id"]
        self.log = RotatedLog(f"{directory}/{records.LOG}", spec["log_bytes"], spec["log_files"])
        self.events, self.lane, self.encode, self.end = events, lane, encode, ""
        events.begin(self.log)
        self.usage = ChildrenUsage()
        self.memory = TreeMemory(os.getpid(), spec["memory_mib"])
        self.started_at, self.monotonic = time.time(), time.monotonic()
        me = entry(os.getpid()) if shim_started is None else None
        self.shim_started = (me.started if me else 0.0) if shim_started is None else shim_started
        self.child: Child | None = None
        self.reaper = os.getpid() if adopts else None
        self.restarts = self.failures = 0
        self.last_end = ""
        self.survivors: tuple[int, ...] = ()
        self.left_behind = 0
        self.unsaid = False

    def announce(self) -> None:
        """Record who runs this directory; from here on it is never started again.

        Raises:
            OSError: There is no room for the record.
        """
        child = self.child
        record = {
            "shim": {"pid": os.getpid(), "started": self.shim_started},
            "child": {"pid": child.pid, "started": child.started} if child else None,
            "restarts": self.restarts,
            "started_at": self.started_at,
            "quick_ends": self.failures,
            "began_at": time.time(),
            "last_end": self.last_end,
            "left_behind": self.left_behind,
            "lane": self.lane,
        }
        text, durable = self.encode(record), bool(self.spec.get("durable"))
        records.write(self.directory, records.STATE, text, durable=durable)

    def _announce_when_possible(self) -> None:
        """Announce; on a full disk the run goes on, and is announced when there is room."""
        try:
            self.announce()
        except OSError:
            self.unsaid = True
        else:
            self.unsaid = False

    def run(self) -> None:
        """Start, watch and end the command, and restart it if the policy says so."""
        while True:
            try:
                self._start()
            except StartError as error:
                self._finish("failed", f"cannot start: {error}", 127)
                return
            except OSError as error:  # the system has no process or descriptor left
                if not self.restarts:
                    self._finish("failed", f"cannot start: {error.strerror}", 127)
                    return
                if reason := self._pause(_SCARCE_SECONDS):
                    self._finish(*self._verdict(reason), self.usage.code)
                    return
                continue
            reason = self._watch()
            self._end_tree(reason)
            # Out of memory is an end like any other: the policy decides on the restart.
            delay = self._delay() if reason in {"", OUT_OF_MEMORY} else None
            if delay is not None:
                self.last_end = self._verdict(reason)[1]
                self.memory.too_big = False
                reason = self._pause(delay)
            if delay is None or reason:
                self._finish(*self._verdict(reason), self.usage.code)
                return
            self.restarts += 1

    def _verdict(self, reason: str) -> tuple[str, str]:
        timeout_seconds, memory_mib = self.spec["timeout_seconds"], self.spec["memory_mib"]
        return verdict(reason, self.usage.code, timeout_seconds, memory_mib)

    def _start(self) -> None:
        self.child = start_child(self.spec["argv"], self.spec["cwd"], self.environment)
        self.usage.expect(self.child.pid)
        self.events.listen(self.child.output)
        self._announce_when_possible()

    def _watch(self) -> str:
        """Return why the child must end; empty when it ended by itself."""
        while self.usage.code is None:
            if reason := self._reason():
                return reason
            self._tick(self._patience())
            if self.unsaid:
                self._announce_when_possible()
        return self._reason() if self.events.stopping else ""

    def _reason(self) -> str:
        timeout = self.spec["timeout_seconds"]
        if self.events.stopping:
            return PREEMPTED
        if self.memory.too_big:
            return OUT_OF_MEMORY
        if timeout is not None and time.monotonic() - self.monotonic >= timeout:
            return TIMED_OUT
        return ""

    def _patience(self) -> float | None:
        """Return the seconds until the next timer is due; None if there is none."""
        due_in = self.memory.due_in()
        if self.spec["timeout_seconds"] is not None:
            time_left = self.monotonic + self.spec["timeout_seconds"] - time.monotonic()
            due_in = time_left if due_in is None else min(due_in, time_left)
        if self.unsaid:
            due_in = _ROOM_SECONDS if due_in is None else min(due_in, _ROOM_SECONDS)
        return None if due_in is None else max(0.0, due_in)

    def _end_tree(self, reason: str) -> None:
        grace = self._grace() if reason else min(_LEFTOVER_GRACE_SECONDS, self._grace())
        if reason == OUT_OF_MEMORY:
            grace = 0.0
        pause = _FIRST_TICK_SECONDS

        def tick() -> None:
            """Wait a little, longer each time; the end of a child cuts it short."""
            nonlocal pause
            self._tick(pause)
            pause = min(_MAX_TICK_SECONDS, pause * 1.2)

        if not reason:
            self.left_behind = len(self._members().members())
        self.survivors = sweep(self._members(), grace, tick)
        while self.usage.code is None and not self.survivors:
            tick()
        self.usage.reap()
        self.events.drain()

    def _members(self) -> SweptRun:
        group = frozenset({self.child.pid} if self.child else set())
        return SweptRun(self.spec["run_id"], group, self.reaper)

    def _grace(self) -> float:
        requested = self._asked_grace() if self.events.stopping else None
        return float(self.spec["grace_seconds"] if requested is None else requested)

    def _asked_grace(self) -> float | None:
        """Return the grace period that the request to stop this run names."""
        import json  # noqa: PLC0415 - only a run that is stopped pays for it

        try:
            with open(f"{self.directory}/{records.STOP}", encoding="utf-8") as file:
                return float(json.load(file)["grace_seconds"])
        except FileNotFoundError:
            return None

    def _delay(self) -> float | None:
        ran = time.monotonic() - (self.child.monotonic if self.child else 0.0)
        self.failures = quick_ends(self.failures, ran)
        delay = restart_delay(self.spec["restart"], self.usage.code or 0, self.failures)
        self.failures += 1
        return delay

    def _pause(self, seconds: float) -> str:
        """Wait before the next start; return why there must be none, or ``""``."""
        until = time.monotonic() + seconds
        while (seconds_left := until - time.monotonic()) > 0:
            if reason := self._reason():
                return reason
            self._tick(seconds_left)
        return self._reason()

    def _finish(self, end: str, cause: str, code: int | None) -> None:
        self.log.close()
        record = {
            "end": end,
            "cause": with_survivors(cause, self.survivors),
            "exit_code": code,
            "started_at": self.started_at,
            "ended_at": time.time(),
            "cpu_seconds": round(self.usage.cpu_seconds, 3),
            "peak_memory_mib": round(max(self.memory.peak_mib, self.usage.largest_mib), 1),
            "restarts": self.restarts,
            "left_behind": self.left_behind,
            "dropped_bytes": self.log.dropped_bytes,
        }
        self.end = self.encode(record)
        self._write_end(self.end)

    def _write_end(self, text: str) -> None:
        """Record the end, and retry while there is no room; give up if the folder is gone."""
        while True:
            try:
                records.write(self.directory, records.EXIT, text, durable=not self.lane)
            except FileNotFoundError:
                return
            except OSError:
                self.events.wait(_ROOM_SECONDS)
            else:
                return

    def _tick(self, seconds: float | None) -> None:
        self.events.wait(seconds)
        self.usage.reap()
        self.memory.look()
