"""Lanes: resident processes that execute one command after another; free of Prefect.

A shim for each command would cost the start of a Python each time. A lane gives a command what a
shim gives it, and outlives its starter like one: it finishes the command that it is at.
"""

from __future__ import annotations

import asyncio
import json
import marshal
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from blocks.file_system import told_full
from blocks.providers.interface import Outcome
from blocks.providers.process.run_status import outcome_of
from blocks.providers.process.shim.lane import ENDED, READY, TAKEN, UNUSABLE, framed
from blocks.providers.process.shim_spec import ShimError, ShimSpec
from blocks.providers.process.spawn import record_of, was_started
from blocks.providers.process.stopping import stop

__all__ = ["Lanes"]

_PROGRAM = Path(__file__).with_name("shim") / "lane.py"
_START_SECONDS = 30.0
_POLL_SECONDS = 0.005
_LENGTH_BYTES = 4


class _Lane:
    """One lane, and our end of its line."""

    def __init__(self) -> None:
        self.line, its_end = socket.socketpair()
        with its_end:
            argv = [sys.executable, "-I", "-S", str(_PROGRAM), str(its_end.fileno())]
            starter = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(its_end.fileno(),),
                start_new_session=True,
                cwd="/",
                env={},
            )
        try:
            starter.wait(_START_SECONDS)
            self.line.settimeout(_START_SECONDS)
            answer = _received(self.line)
        except (TimeoutError, subprocess.TimeoutExpired):
            answer = None
        if answer is None or answer[0] != READY:
            self.line.close()
            raise ShimError("a lane, which executes steps, did not come up")
        self.line.settimeout(0)
        self._pid = int(answer[1])

    async def call(self, request: bytes) -> tuple[str, str] | None:
        """Return the answer to ``request``; None if the lane was killed."""
        loop = asyncio.get_running_loop()
        data = b""
        try:
            await loop.sock_sendall(self.line, request)
            while (size := _size(data)) is None or len(data) < size:
                part = await loop.sock_recv(self.line, 65536)
                if not part:
                    return None
                data += part
        except (BrokenPipeError, ConnectionResetError):
            return None
        kind, text = marshal.loads(data[_LENGTH_BYTES:])  # noqa: S302 - of our own lane
        return kind, text

    def end(self, directory: Path, grace_seconds: float) -> None:
        """End the command that was sent, whether it has begun or not, and the lane after it."""
        with self.line:
            self.line.shutdown(socket.SHUT_WR)
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGCONT)  # a lane that a signal has stopped goes on
            while not (was_started(directory) or self._is_gone()):
                time.sleep(_POLL_SECONDS)
            stop(directory, grace_seconds)

    def _is_gone(self) -> bool:
        """Tell whether the lane has ended; what it has answered is dropped."""
        try:
            return not self.line.recv(65536)
        except BlockingIOError:
            return False
        except ConnectionResetError:
            return True


class Lanes:
    """The lanes of one provider; one that has executed its command waits for the next."""

    def __init__(self) -> None:
        self._idle: list[_Lane] = []
        self._guard = threading.Lock()

    async def run(
        self, spec: ShimSpec, environment: Mapping[str, str], grace_seconds: float
    ) -> Outcome | None:
        """Execute ``spec`` in a lane and return its outcome; end it when this is cancelled.

        None if the directory is that of another process, or the lane was killed: whether the
        command was started, its directory shows.

        Raises:
            ShimError: No lane came up, or the directory cannot be written.
        """
        request = framed((str(spec.directory), record_of(spec), dict(environment)))
        lane = await self._lane()
        try:
            answer = await lane.call(request)
        except BaseException:  # cancelled, or a signal handler raised just here
            loop = asyncio.get_running_loop()
            await to_its_end(loop.run_in_executor(None, lane.end, spec.directory, grace_seconds))
            raise
        if answer is None:
            lane.line.close()
            return None
        with self._guard:
            self._idle.append(lane)
        return _outcome(spec.directory, *answer)

    def close(self) -> None:
        """Let the lanes that wait for a command end."""
        with self._guard:
            for lane in self._idle:
                lane.line.close()
            self._idle.clear()

    async def _lane(self) -> _Lane:
        with self._guard:
            if self._idle:
                return self._idle.pop()
        starting = asyncio.get_running_loop().run_in_executor(None, _Lane)
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            starting.add_done_callback(_dropped)
            raise


def _dropped(starting: asyncio.Future[_Lane]) -> None:
    if not starting.cancelled() and starting.exception() is None:
        starting.result().line.close()


async def to_its_end(work: asyncio.Future[None]) -> None:
    """Wait for ``work`` to end, even if this is cancelled meanwhile."""
    while not work.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait([work])
    work.result()


def _outcome(directory: Path, kind: str, text: str) -> Outcome | None:
    if kind == ENDED:
        return outcome_of(directory, json.loads(text))
    if kind == UNUSABLE:
        raise _unusable(directory, text)
    assert kind == TAKEN  # noqa: S101 - a lane has no other answer
    return None


def _unusable(directory: Path, reason: str) -> ShimError:
    problem = f"the run in {directory} cannot be recorded: {reason}"
    return ShimError(told_full(problem, directory))


def _received(line: socket.socket) -> Any:
    data = b""
    while (size := _size(data)) is None or len(data) < size:
        part = line.recv(65536)
        if not part:
            return None
        data += part
    return marshal.loads(data[_LENGTH_BYTES:])  # noqa: S302 - of our own lane


def _size(data: bytes) -> int | None:
    """Return the size of the message that ``data`` begins; None if it does not say so yet."""
    if len(data) < _LENGTH_BYTES:
        return None
    return _LENGTH_BYTES + int.from_bytes(data[:_LENGTH_BYTES], "big")
