"""Starts a shim, at most once for each directory; free of Prefect."""

from __future__ import annotations

import marshal
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from blocks import file_lock
from blocks.file_system import has_no_room, told_full
from blocks.providers.process import run_directory as files
from blocks.providers.process.identity import this_boot
from blocks.providers.process.shim_spec import ShimError, ShimSpec

SHIM_PROGRAM = Path(__file__).with_name("shim") / "program.py"
_START_SECONDS = 30.0
_POLL_SECONDS = 0.01


def start(spec: ShimSpec, environment: Mapping[str, str]) -> None:
    """Start ``spec`` under a shim, unless its directory has been started before.

    ``environment`` is the whole environment of the child; it is never written to disk.

    Raises:
        ShimError: The shim did not come up.
    """
    files.prepare(spec.directory)
    deadline = time.monotonic() + _START_SECONDS
    while not was_started(spec.directory):
        with file_lock.unless_held(spec.directory / files.LOCK) as lock:
            if lock is not None and not was_started(spec.directory):
                _spawn(spec, environment, lock)  # the shim inherits the lock, and holds it on
                return
        if time.monotonic() > deadline:
            raise ShimError(
                f"{spec.directory} has been locked for too long by a process that starts nothing"
            )
        time.sleep(_POLL_SECONDS)


def was_started(directory: Path) -> bool:
    """Tell whether a run was ever started in ``directory``."""
    return (directory / files.STATE).exists()


def record_of(spec: ShimSpec) -> dict[str, Any]:
    """Return ``spec`` in plain values, as a shim is handed it."""
    plain = {each.name: getattr(spec, each.name) for each in fields(spec)}
    return plain | {"directory": str(spec.directory), "cwd": str(spec.cwd)}


def _spawn(spec: ShimSpec, environment: Mapping[str, str], lock: int) -> None:
    record = record_of(spec) | {"run_id": uuid.uuid4().hex, "boot_id": this_boot()}
    files.write_record(spec.directory, files.SPEC, record, durable=spec.durable)
    argv = [sys.executable, "-I", "-S", str(SHIM_PROGRAM), str(spec.directory), str(lock)]
    with (spec.directory / "shim.log").open("wb") as complaints:
        shim = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            pass_fds=(lock,),
            start_new_session=True,
            cwd="/",
            env={},
        )
        # Its stdout is closed when it has announced itself.
        shim.communicate(marshal.dumps((record, dict(environment))), timeout=_START_SECONDS)
    if not was_started(spec.directory):
        log = (spec.directory / "shim.log").read_text(encoding="utf-8", errors="replace").strip()
        if not log and has_no_room(spec.directory):
            log = told_full("no space left on device", spec.directory)
        raise ShimError(f"the shim of {spec.directory} did not come up: {log[-2000:]}")
