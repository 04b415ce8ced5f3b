"""Starts a supervisor, for `make up`, and for reconciler and worker if it is dead or hangs."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from stack.environment import MARK
from stack.hanging import HangDetector
from stack.heartbeat import MIN_SECONDS, Heartbeat
from stack.lock import exclusive
from stack.log import say
from stack.record import (
    KILL_SECONDS,
    ProcessRecord,
    is_alive,
    kill_leader,
    kill_session,
    read_record,
    record_of,
    wait_gone,
    write_record,
)
from tasks.errors import BusyError
from tasks.home import Home


def spawn(
    module: str, root: Path, environment: Mapping[str, str], log: Path, *arguments: str
) -> subprocess.Popen[bytes]:
    """Start a module of ours in a session of its own."""
    with log.open("ab") as file:
        return subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=root,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )


def start_supervisor(
    home: Home, root: Path, environment: Mapping[str, str], inputs: str
) -> subprocess.Popen[bytes]:
    """Start a supervisor; it takes over what runs under the same mark.

    Raises:
        OSError: Its record could not be written; it is ended again.
    """
    process = spawn("stack.supervisor.main", root, environment, home.log("supervisor"))
    record = record_of("supervisor", process.pid, environment[MARK], inputs=inputs)
    try:
        write_record(home.record("supervisor"), record)
    except OSError:  # nobody could find it, and the next one would be started beside it
        kill_leader(record)
        process.wait()
        raise
    return process


class Supervision:
    """Replaces a supervisor that was killed, was stopped or hangs; its parts go on running.

    Args:
        home: The home of the stack.
        root: Folder of the Procfile.
        environment: The one that the supervisor gives its parts, this process among them.
        period_seconds: How often it is looked at.
        patience_seconds: After how long without a heartbeat it is replaced.
    """

    def __init__(
        self,
        home: Home,
        root: Path,
        environment: Mapping[str, str],
        period_seconds: float,
        patience_seconds: float = MIN_SECONDS,
    ) -> None:
        longest = 2 * period_seconds
        heartbeat = Heartbeat(home.supervisor_heartbeat_file, patience_seconds, longest)
        self._hanging = HangDetector(heartbeat, longest)
        self._home, self._root, self._environment = home, root, dict(environment)
        self._started: subprocess.Popen[bytes] | None = None

    def __call__(self, now: float) -> list[str]:
        """Look once, at the monotonic time ``now``; return a sentence if one was started."""
        if self._started is not None:
            self._started.poll()  # or it would stay a zombie when it dies
        record = self._ours()
        alive = record is not None and is_alive(record)
        hangs = self._hanging.reason(record.pid, now) if record and alive else ""
        if record is None or (alive and not hangs):
            return []
        try:
            with exclusive(self._home):  # not while `make up` or `make down` runs
                if hangs and self._ours() == record:
                    kill_session(record)
                    wait_gone(record, KILL_SECONDS)
                dead = self._dead()
                if dead is None:
                    return []
                self._started = start_supervisor(
                    self._home, self._root, self._environment, dead.inputs
                )
        except BusyError:
            return []
        how = f"{hangs} and was killed" if hangs else "was dead"
        return [f"the supervisor {how}; process {self._started.pid} takes over"]

    def _ours(self) -> ProcessRecord | None:
        """Return the record of the supervisor of this stack."""
        record = read_record(self._home.record("supervisor"))
        ours = record is not None and record.mark == self._environment.get(MARK)
        return record if ours else None

    def _dead(self) -> ProcessRecord | None:
        record = self._ours()
        return None if record is None or is_alive(record) else record


async def keep_supervised(supervision: Supervision, pause_seconds: float) -> None:
    """Watch over the supervisor until cancelled."""
    while True:
        try:
            sentences = await asyncio.to_thread(supervision, time.monotonic())
        except OSError as error:
            sentences = [f"the supervisor could not be started: {error}"]
        for sentence in sentences:
            say(sentence)
        await asyncio.sleep(pause_seconds)
