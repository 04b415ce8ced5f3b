"""The program of a lane, which executes one command after another; standard library only.

Run as `python -I -S lane.py LINE`. The descriptor LINE is a socket: each request on it holds the
folder, the spec and the environment of one command, and its answer says how the command ended. Each
command gets what a shim would give it. When the other end of the line is closed, be it by `kill -9`,
the lane executes the command that it is at to its end, and ends.
"""

from __future__ import annotations

import fcntl
import json
import marshal
import os
import sys
import traceback

sys.path.append(__file__.rsplit("/", 5)[0])

# The path above is what makes these importable without site-packages.
from blocks.providers.process.process_table import entry, machine_id
from blocks.providers.process.shim import records
from blocks.providers.process.shim.child import become_subreaper
from blocks.providers.process.shim.events import Events
from blocks.providers.process.shim.supervisor import ShimSupervisor

TYPE_CHECKING = False
if TYPE_CHECKING:  # what is imported here costs each lane time and memory
    from typing import Any

READY, ENDED, TAKEN, UNUSABLE = "ready", "ended", "taken", "unusable"
"""The kinds of answer. Ready: the lane has begun, and this is its pid. Ended: this is the exit record.
Taken: another process has the folder. Unusable: the records cannot be written there, and why."""
COMPLAINTS = "shim.log"
_LENGTH_BYTES = 4


def framed(message: tuple[Any, ...]) -> bytes:
    """Return ``message``, of plain values, as it goes over the line."""
    data = marshal.dumps(message)
    return len(data).to_bytes(_LENGTH_BYTES, "big") + data


class Line:
    """The socket to the process that hands out commands."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def read(self) -> Any:
        """Return the next message; None once the other end is closed, be it within one."""
        length = self._read(_LENGTH_BYTES)
        data = self._read(int.from_bytes(length, "big")) if length else b""
        return marshal.loads(data) if data else None  # noqa: S302 - of our own starter

    def answer(self, kind: str, text: str) -> None:
        """Send an answer; nobody may be there any more."""
        try:
            data = framed((kind, text))
            while data:
                data = data[os.write(self._descriptor, data) :]
        except (BrokenPipeError, ConnectionResetError):
            return

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            try:
                part = os.read(self._descriptor, size - len(data))
            except ConnectionResetError:
                return b""
            if not part:
                return b""
            data += part
        return data


class Lane:
    """Executes the commands that come over ``line``, one after another."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._directory = ""
        self._adopts = become_subreaper()
        self._boot_id = machine_id()
        me = entry(os.getpid())
        self._started = me.started if me else 0.0
        self._events = Events(self._is_to_stop)

    def serve(self) -> None:
        """Execute commands until the other end of the line is closed."""
        self._line.answer(READY, str(os.getpid()))
        while request := self._line.read():
            self._line.answer(*self._execute(*request))

    def _execute(
        self, directory: str, spec: dict[str, Any], environment: dict[str, str]
    ) -> tuple[str, str]:
        try:
            records.make_folder(directory)
            lock = os.open(f"{directory}/{records.LOCK}", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            return UNUSABLE, str(error.strerror)
        try:
            return self._execute_locked(lock, directory, spec, environment)
        finally:
            self._directory = ""
            os.close(lock)

    def _execute_locked(
        self, lock: int, directory: str, spec: dict[str, Any], environment: dict[str, str]
    ) -> tuple[str, str]:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return TAKEN, ""
        if os.path.exists(f"{directory}/{records.STATE}"):
            return TAKEN, ""
        self._directory = directory
        spec |= {"run_id": os.urandom(16).hex(), "boot_id": self._boot_id}
        try:
            records.write(directory, records.SPEC, json.dumps(spec))
            supervisor = ShimSupervisor(
                directory,
                spec,
                environment,
                self._events,
                adopts=self._adopts,
                lane=True,
                shim_started=self._started,
                encode=json.dumps,
            )
            supervisor.announce()
        except OSError as error:
            return UNUSABLE, str(error.strerror)
        try:
            supervisor.run()
        except BaseException:
            with open(f"{directory}/{COMPLAINTS}", "a", encoding="utf-8") as complaints:
                traceback.print_exc(file=complaints)
            raise
        return ENDED, supervisor.end

    def _is_to_stop(self) -> bool:
        """Tell whether the run that is here now is to stop; a signal may come too late for it."""
        directory = self._directory
        return bool(directory) and os.path.exists(f"{directory}/{records.STOP}")


def main() -> None:
    """Detach, and serve."""
    line = int(sys.argv[1])
    if os.fork():
        os._exit(0)
    os.setsid()
    os.set_inheritable(line, False)  # noqa: FBT003 - it has no name
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    Lane(Line(line)).serve()
    os._exit(0)


if __name__ == "__main__":
    main()
