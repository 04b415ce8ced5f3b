"""Tests that detect a part that hangs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from stack.hanging import STOPPED_SECONDS, HangDetector
from stack.heartbeat import Heartbeat


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """Give a process that sleeps."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as process:
        yield process
        process.kill()


def stop(pid: int) -> None:
    """Stop it by a signal, and wait until it is."""
    os.kill(pid, signal.SIGSTOP)
    while psutil.Process(pid).status() != psutil.STATUS_STOPPED:
        pass


@pytest.mark.integration
def test_one_that_was_stopped_is_to_be_replaced_after_a_while(
    sleeper: subprocess.Popen[bytes],
) -> None:
    """Broken: a server, router or worker that somebody stopped hangs all of it for ever."""
    hanging = HangDetector(None)
    looks = [100.0 + second for second in range(int(STOPPED_SECONDS) + 2)]
    assert [hanging.reason(sleeper.pid, now) for now in looks] == [""] * len(looks)
    stop(sleeper.pid)
    later = [now + 100.0 for now in looks]
    reasons = [hanging.reason(sleeper.pid, now) for now in later]
    assert reasons[:-2] == [""] * (len(looks) - 2)
    assert reasons[-1] == "was stopped by a signal"


@pytest.mark.integration
def test_one_that_goes_on_in_time_is_left_alone(sleeper: subprocess.Popen[bytes]) -> None:
    """Broken: a part that was stopped for a moment is killed for it."""
    hanging = HangDetector(None)
    for turn in range(5):
        stop(sleeper.pid)
        now = 100.0 * turn
        assert [hanging.reason(sleeper.pid, now + second) for second in range(4)] == [""] * 4
        os.kill(sleeper.pid, signal.SIGCONT)
        while psutil.Process(sleeper.pid).status() == psutil.STATUS_STOPPED:
            pass
        assert hanging.reason(sleeper.pid, now + 5) == ""


def test_one_that_leaves_no_sign_is_to_be_replaced(tmp_path: Path) -> None:
    """Broken: a worker whose loop is stuck takes no flow run any more, and nobody sees it."""
    hanging = HangDetector(Heartbeat(tmp_path / "heartbeat", 3.0))
    reasons = [hanging.reason(os.getpid(), float(now)) for now in range(5)]
    assert reasons[:3] == [""] * 3
    assert "left no heartbeat for too long" in reasons
