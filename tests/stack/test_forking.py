"""Tests of forks of a process, in processes of their own with one thread."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.stack.one_thread import python

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(sys.platform != "linux", reason="it forks on Linux alone"),
]
RUN = "from stack.forking import may_fork, ran_in_a_fork\nimport os, sys, time\n"


def test_work_is_done_in_another_process_and_a_failure_is_told() -> None:
    """Broken: the server keeps what migrations leave, or serves a database that was not migrated."""
    code = (
        "own = os.getpid()\n"
        "print(ran_in_a_fork(lambda: print(os.getpid() != own, flush=True), 'works'), flush=True)\n"
        "print(ran_in_a_fork(lambda: 1 / 0, 'works'), flush=True)\n"
    )
    output, errors = python(RUN + code).communicate(timeout=60)
    *_, child, done, message, failed = output.splitlines()
    assert (child, done, failed) == ("True", "True", "False"), errors
    assert message.endswith("a fork that works ended with code 1")
    assert "ZeroDivisionError" in errors


def test_the_fork_ends_with_a_server_that_is_killed(tmp_path: Path) -> None:
    """Broken: what is left of a killed server writes to the database beside the next server."""
    pid_file = tmp_path / "pid"
    code = (
        f"file = open({str(pid_file)!r}, 'w')\n"
        "ran_in_a_fork(lambda: (file.write(str(os.getpid())), file.flush(), time.sleep(60)), 'sleeps')"
    )
    with python(RUN + code) as server:
        deadline = time.monotonic() + 60
        while not (pid_file.exists() and pid_file.read_text()) and time.monotonic() < deadline:
            time.sleep(0.05)
        fork = psutil.Process(int(pid_file.read_text()))
        server.send_signal(signal.SIGKILL)
    gone, alive = psutil.wait_procs([fork], timeout=10)
    assert (gone, alive) == ([fork], [])


def test_the_registration_ends_with_its_make_up(tmp_path: Path) -> None:
    """Broken: a `make up` that is killed leaves it behind, and no `make down` ends it."""
    pid_file = tmp_path / "pid"
    code = (
        "from pathlib import Path\nfrom stack.up import _registration\n"
        f"environment = {{**os.environ, 'SLIPWAY_HOME': {str(tmp_path)!r}}}\n"
        "registration = _registration(Path.cwd(), environment)\n"
        f"Path({str(pid_file)!r}).write_text(str(registration.pid))\ntime.sleep(60)"
    )
    (tmp_path / "logs").mkdir()
    variables = {"PREFECT_API_URL": "http://127.0.0.1:1/api", "SLIPWAY_SERVER_PORT": "1"}
    with python(RUN + code, **variables) as make_up:
        deadline = time.monotonic() + 60
        while not (pid_file.exists() and pid_file.read_text()) and time.monotonic() < deadline:
            time.sleep(0.05)
        registration = psutil.Process(int(pid_file.read_text()))
        make_up.send_signal(signal.SIGKILL)
    gone, alive = psutil.wait_procs([registration], timeout=60)
    assert (gone, alive) == ([registration], [])


def test_a_process_with_threads_may_not_fork() -> None:
    """Broken: a fork waits for ever for a lock that a thread held just then."""
    code = (
        "import threading\nends = threading.Event()\nprint(may_fork())\n"
        "threading.Thread(target=ends.wait).start()\nprint(may_fork())\nends.set()"
    )
    output, errors = python(RUN + code).communicate(timeout=60)
    assert output.split() == ["True", "False"], errors
