"""A shim outlives a full disk: what it supervises goes on, and its records follow later.

A limit on the size of its files stands for the full disk: a write past it fails, and does so until
the limit is raised from outside.
"""

from __future__ import annotations

import json
import os
import resource
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from blocks.providers.process import detached
from blocks.providers.process.shim.rotated_log import RotatedLog

NO_ROOM = 8
"""So many bytes a file may have: less than any record."""


def until(holds: Callable[[], object]) -> None:
    """Wait for an effect."""
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


def limit_files(pid: int, size: int) -> None:
    """Let the files that process ``pid`` writes have ``size`` bytes."""
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def running(directory: Path) -> detached.Running:
    """Return what is seen of a run that has a child."""

    def look() -> detached.Running | None:
        status = detached.status(directory)
        return status if isinstance(status, detached.Running) and status.child_pid else None

    until(look)
    status = look()
    assert status is not None
    return status


@pytest.mark.integration
@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="this system has no prlimit")
def test_a_service_is_restarted_and_ended_on_a_full_disk(tmp_path: Path) -> None:
    """Broken: the shim dies over its record, and nobody restarts or measures the service again."""
    directory, starts = tmp_path / "run", tmp_path / "starts"
    starts.mkdir()
    script = f"trap '' XFSZ; : > {starts}/$$; echo started; exec sleep 600"
    spec = detached.ShimSpec(directory, ("sh", "-c", script), Path("/"), restart="always")
    detached.start(spec, {"PATH": os.environ["PATH"]})
    first = running(directory)
    assert first.child_pid is not None
    limit_files(first.shim.pid, NO_ROOM)
    os.kill(first.child_pid, 9)
    until(lambda: len(list(starts.iterdir())) == 2)
    assert detached.is_alive(first.shim)
    assert json.loads((directory / "state.json").read_text())["restarts"] == 0  # no room yet
    limit_files(first.shim.pid, resource.RLIM_INFINITY)
    until(lambda: json.loads((directory / "state.json").read_text())["restarts"] == 1)
    second = running(directory)
    assert (second.shim, second.supervised) == (first.shim, True)
    assert detached.stop(directory, 1) is not None


@pytest.mark.integration
@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="this system has no prlimit")
def test_the_end_of_a_step_is_recorded_when_there_is_room_again(tmp_path: Path) -> None:
    """Broken: a step that has ended well counts as lost, and is done once more."""
    directory, gate = tmp_path / "run", tmp_path / "gate"
    script = f"while [ ! -e {gate} ]; do sleep 0.02; done; exit 7"
    detached.start(
        detached.ShimSpec(directory, ("sh", "-c", script), Path("/")), {"PATH": os.environ["PATH"]}
    )
    first = running(directory)
    assert first.child_pid is not None
    limit_files(first.shim.pid, NO_ROOM)
    gate.touch()
    until(lambda: not psutil.pid_exists(first.child_pid or 0))
    assert isinstance(detached.status(directory), detached.Running)
    limit_files(first.shim.pid, resource.RLIM_INFINITY)
    until(lambda: isinstance(detached.status(directory), detached.Ended))
    ended = detached.status(directory)
    assert isinstance(ended, detached.Ended)
    assert ended.outcome.exit_code == 7


def test_a_log_goes_on_when_there_is_room_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: rotating a log on a full disk ends the shim, or nothing is ever logged again."""
    log = RotatedLog(str(tmp_path / "log"), limit_bytes=10, files=2)
    log.write(b"0123456789")
    opened = os.open

    def full(path: str, *_: object) -> int:
        """Find no room for another file."""
        raise OSError(28, "No space left on device", path)

    monkeypatch.setattr(os, "open", full)
    log.write(b"lost")
    assert log.dropped_bytes == 4
    monkeypatch.setattr(os, "open", opened)
    log.write(b"kept")
    log.close()
    assert (tmp_path / "log").read_bytes() == b"kept"
    assert (tmp_path / "log.1").read_bytes() == b"0123456789"
