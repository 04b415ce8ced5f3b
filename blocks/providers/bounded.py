"""Runs one program to its end; where that takes too long, it is ended with all that it started."""

from __future__ import annotations

import secrets
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from blocks.providers.sweep import RUN_ID, Run, sweep

_LOOK_SECONDS = 0.2
"""So often it is asked whether the program is to end."""
_GRACE_SECONDS = 2.0
_DRAIN_SECONDS = 2.0
"""So long the pipes of an ended program are read: who has left its run may hold them for ever."""


@dataclass(frozen=True, slots=True)
class Finished:
    """How it ended: its exit code, what it wrote, and whether it ended by itself."""

    code: int
    output: bytes
    complaint: bytes
    by_itself: bool


def run_bounded(
    argv: Sequence[str],
    environment: Mapping[str, str],
    *,
    limit_seconds: float,
    cwd: Path | None = None,
    given: bytes = b"",
    merged: bool = False,
    cancelled: Callable[[], bool] = lambda: False,
) -> Finished:
    """Run ``argv``, which reads ``given`` and then the end of its input: it can ask nobody.

    ``merged``: what it complains of stands in its output. Where ``limit_seconds`` have passed, or
    ``cancelled`` says so, its whole tree is ended.

    Raises:
        FileNotFoundError: There is no such program.
    """
    run_id, deadline = secrets.token_hex(16), time.monotonic() + limit_seconds
    with subprocess.Popen(
        argv,
        cwd=cwd,
        env={**environment, RUN_ID: run_id},
        stdin=subprocess.PIPE if given else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if merged else subprocess.PIPE,
        start_new_session=True,
    ) as running:
        try:
            unsent: bytes | None = given or None
            while (left := deadline - time.monotonic()) > 0 and not cancelled():
                try:
                    output, complaint = running.communicate(unsent, min(_LOOK_SECONDS, left))
                except subprocess.TimeoutExpired:
                    unsent = None  # communicate keeps what it was handed the first time
                    continue
                return Finished(running.returncode, output, complaint or b"", by_itself=True)
            return _ended(running, run_id)
        except BaseException:
            _ended(running, run_id)
            raise


def _ended(running: subprocess.Popen[bytes], run_id: str) -> Finished:
    """End the tree of ``running``; return what it has written until then."""

    def tick() -> None:
        """Reap it, and wait a little."""
        running.poll()
        time.sleep(0.02)

    sweep(Run(run_id, frozenset({running.pid})), _GRACE_SECONDS, tick)
    try:
        output, complaint = running.communicate(timeout=_DRAIN_SECONDS)
    except subprocess.TimeoutExpired as error:
        output, complaint = error.output or b"", error.stderr or b""
        for pipe in (running.stdout, running.stderr):
            if pipe:
                pipe.close()
    return Finished(-1, output, complaint or b"", by_itself=False)
