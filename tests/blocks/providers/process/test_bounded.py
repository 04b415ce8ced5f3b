"""Tests of bounded programs: whatever ends them ends all that they have started."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from blocks.providers.process.bounded import run_bounded

pytestmark = pytest.mark.integration

FAMILY = "setsid sleep 600 & echo $! > {pids}; sleep 600 & echo $! >> {pids}; echo begun; wait"
"""Starts a process that leaves its group, and one that does not."""


def alive(pid: int) -> bool:
    """Tell whether there is such a process that has not ended."""
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] not in "ZX"


def test_a_question_on_the_terminal_finds_no_answer() -> None:
    """A build would wait for ever for somebody to press a key."""
    finished = run_bounded(["sh", "-c", "read answer; echo $?"], os.environ, limit_seconds=60)
    assert (finished.code, finished.output, finished.by_itself) == (0, b"1\n", True)


def test_what_it_is_given_it_reads() -> None:
    """A list of objects never reaches Git."""
    finished = run_bounded(["cat"], os.environ, limit_seconds=60, given=b"x" * 1_000_000)
    assert finished.output == b"x" * 1_000_000


def test_at_the_limit_its_whole_tree_is_ended(tmp_path: Path) -> None:
    """What a build has started would go on for ever, in a folder that is removed."""
    pids = tmp_path / "pids"
    finished = run_bounded(["sh", "-c", FAMILY.format(pids=pids)], os.environ, limit_seconds=1.5)
    assert not finished.by_itself
    assert finished.output == b"begun\n"
    started = [int(line) for line in pids.read_text().split()]
    assert len(started) == 2
    assert not any(alive(pid) for pid in started)


LEAVERS = ["sleep 600 &", "setsid sleep 600 &", "env -i setsid sleep 600 >/dev/null 2>&1 &"]


@pytest.mark.parametrize("leaves", LEAVERS)
def test_what_it_leaves_behind_is_ended_with_it(tmp_path: Path, leaves: str) -> None:
    """A build that has ended is waited for as long as its daemon runs, or the daemon stays."""
    pids = tmp_path / "pids"
    finished = run_bounded(
        ["sh", "-c", f"{leaves} echo $! > {pids}; echo done; exit 3"], os.environ, limit_seconds=60
    )
    assert (finished.code, finished.output, finished.by_itself) == (3, b"done\n", True)
    assert not alive(int(pids.read_text()))


WAITS = """
import os, sys
from blocks.providers.process.bounded import run_bounded
run_bounded(["sh", "-c", sys.argv[1]], os.environ, limit_seconds=600)
"""


def test_it_ends_with_whoever_waits_for_it(tmp_path: Path) -> None:
    """An installer goes on for half an hour in a folder of a flow that was killed."""
    pids = tmp_path / "pids"
    command = [sys.executable, "-c", WAITS, FAMILY.format(pids=pids)]
    with subprocess.Popen(command, cwd=Path(__file__).parents[4]) as waiter:
        while not pids.exists() or len(pids.read_text().split()) < 2:
            assert waiter.poll() is None
            time.sleep(0.01)
        waiter.kill()
    for pid in map(int, pids.read_text().split()):
        while alive(pid):
            time.sleep(0.01)


def test_of_what_it_writes_beginning_and_end_are_kept() -> None:
    """A build that prints without end takes all memory of the machine."""
    script = "echo first; head -c 3000000 /dev/zero; echo last; echo wrong >&2"
    finished = run_bounded(["sh", "-c", script], os.environ, limit_seconds=60, max_bytes=1000)
    assert finished.left_out == 3_000_000 + len("first\nlast\n") - 1000
    assert finished.output.startswith(b"first\n")
    assert finished.output.endswith(b"last\n")
    assert f"[... {finished.left_out} bytes were left out ...]".encode() in finished.output
    assert len(finished.output) < 1100
    assert finished.complaint == b"wrong\n"


def test_a_signal_is_told_as_its_number() -> None:
    """A build that was killed for want of memory looks like one that failed."""
    finished = run_bounded(["sh", "-c", "kill -9 $$"], os.environ, limit_seconds=60)
    assert (finished.code, finished.by_itself) == (-9, True)


def test_what_is_cancelled_is_ended_at_once(tmp_path: Path) -> None:
    """A cancelled launch would go on installing for half an hour."""
    pids, cancelled = tmp_path / "pids", threading.Event()

    def cancel() -> None:
        """Cancel when both are there."""
        while not pids.exists() or len(pids.read_text().split()) < 2:
            time.sleep(0.01)
        cancelled.set()

    threading.Thread(target=cancel, daemon=True).start()
    finished = run_bounded(
        ["sh", "-c", FAMILY.format(pids=pids)],
        os.environ,
        limit_seconds=600,
        cancelled=cancelled.is_set,
    )
    assert not finished.by_itself
    assert not any(alive(int(pid)) for pid in pids.read_text().split())


def test_a_program_that_is_not_there_is_named() -> None:
    """A missing program would look like one that failed."""
    with pytest.raises(FileNotFoundError, match="no-such-program"):
        run_bounded(["no-such-program"], os.environ, limit_seconds=1)
