"""Runs one program to its end, within limits of time and output, and never longer than we live.

It runs on a leash: whether it ends by itself, takes too long, is cancelled, or we are killed,
nothing that it has started goes on.
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

MOST_BYTES = 4 * 1024**2
"""So much of what a program writes is kept, where no other number is given."""
_LOOK_SECONDS = 0.2
"""So often it is asked whether the program is to end."""
_END_SECONDS = GRACE_SECONDS + 15.0
"""So long the leash has for ending everything."""
_DRAIN_SECONDS = 2.0
"""So long the pipes of an ended program are read: who has left its run may hold them for ever."""
_LEASH = Path(__file__).with_name("shim") / "leash.py"


@dataclass(frozen=True, slots=True)
class Finished:
    """How it ended: its exit code, what it wrote, and whether it ended by itself.

    ``left_out`` is how many bytes, in the middle of what it wrote, were not kept.
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
    most_bytes: int = MOST_BYTES,
) -> Finished:
    """Run ``argv``, which reads ``given`` and then the end of its input: it can ask nobody.

    ``merged``: what it complains of stands in its output. Where ``limit_seconds`` have passed, or
    ``cancelled`` says so, it is ended. Of what it writes, ``most_bytes`` are kept.

    Raises:
        FileNotFoundError: There is no such program.
    """
    deadline = time.monotonic() + limit_seconds
    (line, held), (reports, report) = pipe(), pipe()
    output, complaint = DrainedPipe(most_bytes), DrainedPipe(most_bytes)
    with held, reports:
        with ExitStack() as theirs:  # what we kept of it would never end
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
            said = _read(reports, lambda: time.monotonic() < deadline and not cancelled())
        finally:
            held.close()
            _see_it_end(running, run_id)
    code = -1 if said is None else _code(said, argv[0])
    kept = output.read(_DRAIN_SECONDS), complaint.read(_DRAIN_SECONDS)
    return Finished(code, *kept, said is not None, output.left_out + complaint.left_out)


def _read(reports: FileIO, waiting: Callable[[], bool]) -> str | None:
    """Return what the leash reports at its end; None where ``waiting`` says no more before that."""
    poll = select.poll()
    poll.register(reports, select.POLLIN | select.POLLHUP)
    while waiting():
        if poll.poll(_LOOK_SECONDS * 1000):
            return os.read(reports.fileno(), 4096).decode()
    return None


def _see_it_end(running: subprocess.Popen[bytes], run_id: str) -> None:
    """Wait for the leash, which ends everything; where it does not, do so in its place."""
    try:
        running.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        running.kill()
    if running.wait() != 0:

        def tick() -> None:
            """Wait a little."""
            time.sleep(0.02)

        sweep(SweptRun(run_id), GRACE_SECONDS, tick)


def _code(said: str, program: str) -> int:
    """Return the exit code that is reported; of a leash that was killed there is none."""
    what, _, number = said.rpartition(" ")
    if what == CANNOT_START:
        raise OSError(int(number), os.strerror(int(number)), program)
    return int(number) if number else -1
