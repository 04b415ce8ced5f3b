"""Starts, finds, awaits and stops processes that outlive us; free of Prefect.

A directory is the identity of a run: it is started at most once, whoever asks and how often.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from signal import SIGKILL, SIGTERM

from blocks.providers import run_directory as files
from blocks.providers.identity import (
    ProcessIdentity,
    identity_here,
    is_alive,
    own_identity,
    owner_alive,
)
from blocks.providers.interface import End, Outcome
from blocks.providers.sweep import Run, signal_process, sweep

__all__ = [
    "Ended",
    "NotStarted",
    "ProcessIdentity",
    "Running",
    "ShimError",
    "ShimSpec",
    "Status",
    "is_alive",
    "log_path",
    "own_identity",
    "owner_alive",
    "start",
    "status",
    "stop",
    "wait",
]

_START_SECONDS = 30.0
_STOP_MARGIN_SECONDS = 15.0
_POLL_SECONDS = 0.05
_LOOK_AGAIN_SECONDS = 5.0


class ShimError(Exception):
    """A shim did not come up, or could not be brought down; the message says which and why."""


@dataclass(frozen=True, slots=True)
class ShimSpec:
    """What a shim is to run; ``memory_mib`` is a soft limit on the summed memory of the tree."""

    directory: Path
    argv: tuple[str, ...]
    cwd: Path
    timeout_seconds: float | None = None
    memory_mib: int | None = None
    restart: str = "never"
    grace_seconds: float = 10
    log_bytes: int = 5_000_000
    log_files: int = 3


@dataclass(frozen=True, slots=True)
class NotStarted:
    """Nothing was ever started in this directory."""


@dataclass(frozen=True, slots=True)
class Running:
    """It runs; ``supervised`` is False when its shim was killed and only the child is left.

    ``child_pid`` is None before the first start and between two.
    """

    shim: ProcessIdentity
    child_pid: int | None
    restarts: int
    started_at: float
    supervised: bool = True


@dataclass(frozen=True, slots=True)
class Ended:
    """It has come to its end."""

    outcome: Outcome


Status = NotStarted | Running | Ended


def log_path(directory: Path) -> Path:
    """Return the newest log of the run in ``directory``."""
    return directory / files.LOG


def start(spec: ShimSpec, environment: Mapping[str, str]) -> None:
    """Start ``spec`` under a shim, unless its directory has been started before.

    ``environment`` is the whole environment of the child; it is never written to disk.

    Raises:
        ShimError: The shim did not come up.
    """
    files.prepare(spec.directory)
    deadline = time.monotonic() + _START_SECONDS
    while not _was_started(spec.directory):
        with _lock(spec.directory) as descriptor:
            if descriptor is not None and not _was_started(spec.directory):
                _spawn(spec, environment, descriptor)
                return
        if time.monotonic() > deadline:
            raise ShimError(f"{spec.directory} has been held for long by one who starts nothing")
        time.sleep(_POLL_SECONDS / 5)


def status(directory: Path) -> Status:
    """Look at what runs in ``directory``: at the processes, not at what was believed."""
    state = files.read_record(directory, files.STATE)
    if state is None:
        return NotStarted()
    shim = identity_here(state["shim"]["pid"], state["shim"]["started"])
    supervised = _same_boot(directory) and is_alive(shim)
    # Looked at after the shim: it may have written this just before it ended.
    ended = files.read_record(directory, files.EXIT)
    if ended is not None:
        return Ended(_outcome(directory, ended))
    child = _child_alive(directory, state)
    if not supervised and child is None:
        return Ended(_lost(directory, state["started_at"]))
    return Running(shim, child, state["restarts"], state["started_at"], supervised)


def stop(directory: Path, grace_seconds: float) -> Outcome | None:
    """End the whole tree, verify that nothing is left, and return its outcome.

    Works when the shim is dead as well. None when nothing was ever started.

    Raises:
        ShimError: Processes are left that cannot be ended.
    """
    found = status(directory)
    if isinstance(found, Running) and found.supervised:
        files.write_record(directory, files.STOP, {"grace_seconds": grace_seconds})
        signal_process(found.shim.pid, found.shim.create_time, SIGTERM)
        _await_end(found.shim, grace_seconds + _STOP_MARGIN_SECONDS)
    if not isinstance(found, NotStarted) and files.read_record(directory, files.EXIT) is None:
        _stop_orphans(directory, grace_seconds)
    settled = status(directory)
    return settled.outcome if isinstance(settled, Ended) else None


async def wait(directory: Path) -> Outcome:
    """Return the outcome as soon as it has ended.

    Raises:
        ShimError: Nothing was ever started in ``directory``.
    """
    while True:
        found = status(directory)
        if isinstance(found, Ended):
            return found.outcome
        if isinstance(found, NotStarted):
            raise ShimError(f"nothing was started in {directory}")
        await _gone(found)


def _was_started(directory: Path) -> bool:
    return (directory / files.STATE).exists()


@contextmanager
def _lock(directory: Path) -> Iterator[int | None]:
    """Give the descriptor of the directory's lock, None when another holds it."""
    descriptor = os.open(directory / files.LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        yield None
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)  # the shim has its own, and with it holds the lock


def _spawn(spec: ShimSpec, environment: Mapping[str, str], lock: int) -> None:
    record = asdict(spec) | {"directory": str(spec.directory), "cwd": str(spec.cwd)}
    record |= {"run_id": uuid.uuid4().hex, "boot_id": own_identity().boot_id}
    files.write_record(spec.directory, files.SPEC, record)
    program = Path(__file__).with_name("shim.py")
    argv = [sys.executable, "-I", "-S", "-E", str(program), str(spec.directory), str(lock)]
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
        shim.communicate(json.dumps(dict(environment)).encode(), timeout=_START_SECONDS)
    if not _was_started(spec.directory):
        said = (spec.directory / "shim.log").read_text(encoding="utf-8", errors="replace")
        raise ShimError(f"the shim of {spec.directory} did not come up: {said.strip()[-2000:]}")


def _same_boot(directory: Path) -> bool:
    spec = files.read_record(directory, files.SPEC) or {}
    return bool(spec.get("boot_id") == own_identity().boot_id)


def _child_alive(directory: Path, state: files.Record) -> int | None:
    child = state["child"]
    if child is None or not _same_boot(directory):
        return None
    pid: int = child["pid"]
    return pid if is_alive(identity_here(pid, child["started"])) else None


def _outcome(directory: Path, record: files.Record) -> Outcome:
    names = Outcome.model_fields.keys() & record.keys()
    return Outcome(
        **{name: record[name] for name in names if name != "end"},
        end=End(record["end"]),
        log_path=log_path(directory),
    )


def _lost(directory: Path, started_at: float) -> Outcome:
    """Return the outcome of a run nobody saw the end of: at its last sign of life."""
    signs = [directory / files.STATE, log_path(directory)]
    seen = [path.stat().st_mtime for path in signs if path.exists()]
    return Outcome(
        end=End.LOST,
        cause="its shim was killed, and nothing recorded how it ended",
        started_at=started_at,
        ended_at=max([started_at, *seen]),
        log_path=log_path(directory),
    )


def _await_end(shim: ProcessIdentity, seconds: float) -> None:
    """Wait for a shim to end; kill it when it does not, so that the sweep can be done for it."""
    deadline = time.monotonic() + seconds
    while is_alive(shim):
        if time.monotonic() > deadline:
            signal_process(shim.pid, shim.create_time, SIGKILL)
        time.sleep(_POLL_SECONDS / 5)


def _stop_orphans(directory: Path, grace_seconds: float) -> None:
    """Sweep what a killed shim left behind, and record that its end is not known."""
    spec = files.read_record(directory, files.SPEC) or {}
    state = files.read_record(directory, files.STATE) or {}
    if _same_boot(directory):
        # The group's number is its own only while its leader lives; else the run id must do.
        child = _child_alive(directory, state)
        groups = frozenset() if child is None else frozenset({child})
        run = Run(spec["run_id"], groups)
        left = sweep(run, grace_seconds, lambda: time.sleep(_POLL_SECONDS / 5))
        if left:
            raise ShimError(f"processes of {directory} cannot be ended: {sorted(left)}")
    lost = _lost(directory, state["started_at"]).model_dump(mode="json", exclude={"log_path"})
    files.write_record(directory, files.EXIT, lost, durable=True)


async def _gone(found: Running) -> None:
    """Return when the process that matters has ended, or might have."""
    pid = found.shim.pid if found.supervised else found.child_pid
    if pid is None or not hasattr(os, "pidfd_open"):
        await asyncio.sleep(_POLL_SECONDS)
        return
    try:
        handle = os.pidfd_open(pid)
    except OSError:  # gone, or a kernel without pidfd
        await asyncio.sleep(_POLL_SECONDS)
        return
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(handle, ended.set)
    try:
        async with asyncio.timeout(_LOOK_AGAIN_SECONDS):
            await ended.wait()
    except TimeoutError:
        return
    finally:
        loop.remove_reader(handle)
        os.close(handle)
