"""Runs one program to its end within limits of time and output, and never longer than its caller.

It runs on a leash: nothing that it has started goes on when it ends by itself, takes too long, is
cancelled, or we are killed.
"""

from __future__ import annotations

import os
import secrets
import select
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from blocks.providers.process.drained import DrainedPipe, fed, pipe
from blocks.providers.process.shim.leash import CANNOT_START, GRACE_SECONDS
from blocks.providers.process.sweep import RUN_ID, SweptRun, sweep

MAX_BYTES = 4 * 1024**2
"""Default limit of the output that is kept."""
_LOOK_SECONDS = 0.2
"""Period of the checks whether the program has to end."""
_END_SECONDS = GRACE_SECONDS + 15.0
"""Time that the leash has to end everything."""
_DRAIN_SECONDS = 2.0
"""Time to read the pipes of an ended program; an escaped process may hold them for ever."""
_LEASH = Path(__file__).with_name("shim") / "leash.py"


@dataclass(frozen=True, slots=True)
class Finished:
    """The result of a program: exit code, output, and whether it ended by itself.

    ``left_out`` is the number of bytes in the middle of its output that were not kept.
    """

    code: int
    output: bytes
    complaint: bytes
    by_itself: bool
    left_out: int = 0


def run_bounded(
    argv: Sequence[str],
    environment: Mapping[str, str],
    *,
    limit_seconds: float,
    cwd: Path | None = None,
    given: bytes = b"",
    merged: bool = False,
    cancelled: Callable[[], bool] = lambda: False,
    max_bytes: int = MAX_BYTES,
) -> Finished:
    """Run ``argv``, whose standard input is ``given`` and nothing more, so that it cannot prompt.

    ``merged``: its standard error goes to its output. It is ended after ``limit_seconds``, or when
    ``cancelled`` is true. ``max_bytes`` of its output are kept.

    Raises:
        FileNotFoundError: There is no such program.
    """
    deadline = time.monotonic() + limit_seconds
    (line, leash_line), (reports, report) = pipe(), pipe()
    output, complaint = DrainedPipe(max_bytes), DrainedPipe(max_bytes)
    with leash_line, reports:
        with ExitStack() as theirs:  # an end that we kept open would never be closed
            source = fed(given)
            for end in (line, report, source, output.end, complaint.end):
                theirs.enter_context(end)
            ends = (line.fileno(), report.fileno())
            leash = [sys.executable, "-I", "-S", str(_LEASH), *map(str, ends)]
            run_id = secrets.token_hex(16)
            running = subprocess.Popen(
                [*leash, *argv],
                cwd=cwd,
                env={**environment, RUN_ID: run_id},
                stdin=source,
                stdout=output.end,
                stderr=output.end if merged else complaint.end,
                pass_fds=ends,
                start_new_session=True,
            )
        try:
            reported = _read(reports, lambda: time.monotonic() < deadline and not cancelled())
        finally:
            leash_line.close()
            _see_it_end(running, run_id)
    code = -1 if reported is None else _code(reported, argv[0])
    printed, complained = output.read(_DRAIN_SECONDS), complaint.read(_DRAIN_SECONDS)
    left_out = output.left_out + complaint.left_out
    return Finished(code, printed, complained, reported is not None, left_out)


def _read(reports: FileIO, waiting: Callable[[], bool]) -> str | None:
    """Return the final report of the leash; None if ``waiting`` turns false before that."""
    poll = select.poll()
    poll.register(reports, select.POLLIN | select.POLLHUP)
    while waiting():
        if poll.poll(_LOOK_SECONDS * 1000):
            return os.read(reports.fileno(), 4096).decode()
    return None


def _see_it_end(running: subprocess.Popen[bytes], run_id: str) -> None:
    """Wait for the leash, which ends everything; if it does not, do so in its place."""
    try:
        running.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        running.kill()
    if running.wait() != 0:

        def tick() -> None:
            """Wait a little."""
            time.sleep(0.02)

        sweep(SweptRun(run_id), GRACE_SECONDS, tick)


def _code(report: str, program: str) -> int:
    """Return the reported exit code; -1 for a leash that was killed."""
    kind, _, number = report.rpartition(" ")
    if kind == CANNOT_START:
        raise OSError(int(number), os.strerror(int(number)), program)
    return int(number) if number else -1
