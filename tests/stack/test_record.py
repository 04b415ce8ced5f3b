"""Tests of the records of the stack's processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from stack.down import stop_stack
from stack.environment import MARK
from stack.record import (
    ProcessRecord,
    is_alive,
    members,
    read_record,
    read_records,
    record_of,
    stop_sessions,
    wait_gone,
    write_record,
)
from tasks.home import Home

pytestmark = pytest.mark.integration

CHILD = """
import os, signal, sys, time
def report(*_):
    alive = os.getppid() == int(sys.argv[1])
    os.write(1, f"reported to a living parent: {alive}\\n".encode())
    os._exit(0)
signal.signal(signal.SIGTERM, report)
print("up", flush=True)
time.sleep(600)
"""
PARENT = f"""
import os, subprocess, sys, time
subprocess.Popen([sys.executable, "-c", {CHILD!r}, str(os.getpid())])
time.sleep(600)
"""


@pytest.fixture
def session() -> Iterator[tuple[subprocess.Popen[str], ProcessRecord]]:
    """A marked session: a leader that has started a child, as a worker starts a flow run."""
    leader = subprocess.Popen(
        [sys.executable, "-c", PARENT],
        env={**os.environ, MARK: "ours"},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert leader.stdout is not None
    assert leader.stdout.readline() == "up\n"
    record = record_of("worker", leader.pid, "ours")
    yield leader, record
    stop_sessions([record], grace_seconds=1)
    leader.wait()
    leader.stdout.close()


def test_a_record_survives_being_written(tmp_path: Path) -> None:
    """`make down` could not find what `make up` started."""
    record = ProcessRecord("worker", 7, 1.5, "mark", starts=2)
    write_record(tmp_path / "worker.json", record)
    assert read_record(tmp_path / "worker.json") == record
    assert read_records(tmp_path) == [record]


def test_the_record_of_another_home_is_none(tmp_path: Path) -> None:
    """Broken: `make down` of a home that was copied ends what serves under the first."""
    first, copy = Home(tmp_path / "first"), Home(tmp_path / "copy")
    link = tmp_path / "link"
    link.symlink_to(first.root)
    for home in (first, copy):
        home.create()
    variables = {**os.environ, MARK: "ours", "SLIPWAY_HOME": str(link)}
    part = subprocess.Popen(["sleep", "60"], env=variables, start_new_session=True)
    try:
        record = record_of("worker", part.pid, "ours")
        for home in (first, copy):
            write_record(home.record("worker"), record)
        assert read_record(first.record("worker")) == record
        assert read_record(copy.record("worker")) is None
        stop_stack(copy)
        assert is_alive(record)
    finally:
        part.kill()
        part.wait()


def test_the_record_of_another_part_is_none(tmp_path: Path) -> None:
    """Broken: with two records swapped the supervisor takes the router for itself, and leaves."""
    record = ProcessRecord("worker", 7, 1.5, "mark")
    write_record(tmp_path / "worker.7.json", record)
    write_record(tmp_path / "router.json", record)
    write_record(tmp_path / "router-8320.json", replace(record, program="router"))
    assert read_record(tmp_path / "worker.7.json") == record
    assert read_record(tmp_path / "router.json") is None
    assert read_record(tmp_path / "router-8320.json") is not None


def test_a_damaged_record_is_none(tmp_path: Path) -> None:
    """A half-written file would keep `make up` from starting at all."""
    (tmp_path / "worker.json").write_text('{"pid": ')
    (tmp_path / "router.json").write_text('{"other": 1}')
    assert read_records(tmp_path) == []
    assert read_record(tmp_path / "missing.json") is None


def test_a_reused_pid_is_not_ours(session: tuple[subprocess.Popen[str], ProcessRecord]) -> None:
    """A foreign process that was given the number would be taken for ours, and killed."""
    _, record = session
    assert is_alive(record)
    assert not is_alive(replace(record, started=record.started - 60))
    assert not is_alive(replace(record, boot_id="another boot"))
    assert members(replace(record, mark="another stack")) == []


def test_what_a_killed_leader_left_is_found_and_ended(
    session: tuple[subprocess.Popen[str], ProcessRecord],
) -> None:
    """After kill -9 of the worker its flow runs would stay for ever."""
    leader, record = session
    assert len(members(record)) == 2
    leader.kill()
    leader.wait()
    assert not is_alive(record)
    [orphan] = members(record)
    assert stop_sessions([record], grace_seconds=5) == 1
    assert not psutil.pid_exists(orphan.pid) or orphan.status() == psutil.STATUS_ZOMBIE


def test_flow_runs_end_before_their_worker(
    session: tuple[subprocess.Popen[str], ProcessRecord],
) -> None:
    """A flow run could not report its end, and would be shown as running."""
    leader, record = session
    assert stop_sessions([record], grace_seconds=5) == 2
    assert members(record) == []
    assert leader.stdout is not None
    assert leader.stdout.readline() == "reported to a living parent: True\n"


def test_one_that_ignores_the_signal_is_killed() -> None:
    """`make down` would hang, or leave an orphan."""
    script = "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True)"
    stubborn = subprocess.Popen(
        [sys.executable, "-c", f"{script}; time.sleep(600)"],
        env={**os.environ, MARK: "ours"},
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert stubborn.stdout is not None
    stubborn.stdout.readline()
    record = record_of("router", stubborn.pid, "ours")
    assert stop_sessions([record], grace_seconds=0.2) == 1
    assert wait_gone(record, timeout_seconds=10)
    stubborn.wait()
    stubborn.stdout.close()
