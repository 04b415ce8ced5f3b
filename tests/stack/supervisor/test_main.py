"""Tests of the supervisor: it restarts what dies, and stops what it started."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from stack.endings import MAX_ENDINGS, Ending, crash_looping_parts, write_ending
from stack.environment import MARK
from stack.record import (
    is_alive,
    members,
    read_record,
    read_records,
    stop_sessions,
    wait_gone,
    write_record,
)
from tasks.home import PROGRAMS, Home
from tests.stack.sleepers import ROOT, impatient_supervisor, pids, until


@pytest.mark.integration
def test_a_killed_worker_comes_back_and_its_runs_go_on(
    supervised: tuple[Home, subprocess.Popen[bytes]],
) -> None:
    """Nothing would start flow runs any more, or a lost worker would take running ones along."""
    home, supervisor = supervised
    first = read_record(home.record("worker"))
    router = read_record(home.record("router"))
    assert first is not None
    until(lambda: len(members(first)) == 2)
    os.kill(first.pid, signal.SIGKILL)

    def came_back() -> bool:
        now = read_record(home.record("worker"))
        return now is not None and now.pid != first.pid and is_alive(now) and now.starts == 2

    until(came_back)
    assert read_record(home.record("router")) == router
    assert len(members(first)) == 1
    assert first in read_records(home.stack)
    records = read_records(home.stack)
    supervisor.terminate()
    supervisor.wait()
    assert [each for record in records for each in members(record)] == []


def supervise(tmp_path: Path, **settings: str) -> subprocess.Popen[bytes]:
    """Start another supervisor of the same stack."""
    variables = {"SLIPWAY_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT), **settings}
    return subprocess.Popen(
        [sys.executable, "-m", "stack.supervisor.main"],
        cwd=tmp_path,
        env={**os.environ, **variables, MARK: tmp_path.name},
        start_new_session=True,
        stdout=subprocess.DEVNULL,
    )


@pytest.mark.integration
def test_what_runs_goes_on_under_a_new_supervisor(
    supervised: tuple[Home, subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    """Broken: after a kill -9 of the supervisor, the router would drop connections, and more."""
    home, supervisor = supervised
    before = pids(home)
    supervisor.kill()
    supervisor.wait()
    successor = supervise(tmp_path)
    try:
        os.kill(before["reconciler"], signal.SIGKILL)
        until(lambda: pids(home).get("reconciler", before["reconciler"]) != before["reconciler"])
        after = pids(home)
        assert {name for name in PROGRAMS if after[name] == before[name]} == set(PROGRAMS) - {
            "reconciler"
        }
        assert after["reconciler"] != before["reconciler"]
    finally:
        successor.terminate()
        successor.wait()
    assert pids(home) == {}


@pytest.mark.integration
def test_records_that_are_torn_are_written_again(
    supervised: tuple[Home, subprocess.Popen[bytes]],
) -> None:
    """Broken: `make up` starts a second supervisor beside it, and `make down` ends only one."""
    home, _ = supervised
    names = ("supervisor", *PROGRAMS)
    before = {name: read_record(home.record(name)) for name in names}
    for name in names:
        home.record(name).write_bytes(home.record(name).read_bytes()[:40])
    router = before["router"]
    assert router is not None
    # As whoever finds it without a record writes it down: it would be started again for nothing.
    write_record(home.record("router"), replace(router, inputs=""))
    until(lambda: {name: read_record(home.record(name)) for name in names} == before)


@pytest.mark.integration
def test_one_supervisor_leaves_all_to_the_one_in_its_place(
    supervised: tuple[Home, subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    """Broken: each part that ends is started by both."""
    home, supervisor = supervised
    before = {name: pid for name, pid in pids(home).items() if name in PROGRAMS}
    successor = supervise(tmp_path)
    try:
        assert supervisor.wait(timeout=30) == 0
        assert {name: pids(home)[name] for name in PROGRAMS} == before
    finally:
        successor.terminate()
        successor.wait()
    assert pids(home) == {}


@pytest.mark.integration
def test_only_what_depends_on_a_changed_setting_starts_again(
    supervised: tuple[Home, subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    """Broken: another number of samples would cost every open connection.

    And what failed with other settings would count as failing for ever.
    """
    home, supervisor = supervised
    before = pids(home)
    supervisor.send_signal(signal.SIGUSR1)
    assert supervisor.wait() == 0
    assert pids(home) == before
    write_ending(home, Ending("server", 1, MAX_ENDINGS))
    successor = supervise(tmp_path, SLIPWAY_SAMPLE_SECONDS="20")
    try:
        until(lambda: crash_looping_parts(home) == [])
        until(lambda: pids(home).keys() == before.keys() and pids(home) != before)
        until(lambda: pids(home).get("worker", before["worker"]) != before["worker"])
        until(lambda: pids(home).get("reconciler", before["reconciler"]) != before["reconciler"])
        assert {name: pids(home)[name] for name in ("server", "router")} == {
            name: before[name] for name in ("server", "router")
        }
    finally:
        successor.terminate()
        successor.wait()


BEATING = (
    'while [ ! -e hang.$$ ]; do touch "$SLIPWAY_HOME/stack/heartbeat"; echo $$ >> beats; '
    "sleep 0.1; done; exec sleep 600"
)


@pytest.mark.integration
def test_a_reconciler_that_stops_is_replaced_and_one_that_works_is_not(tmp_path: Path) -> None:
    """Broken: one that hangs would stay for ever, or a healthy one be killed again and again."""
    home = Home(tmp_path / "home")
    home.create()
    others = [f"{name}: exec sleep 600" for name in PROGRAMS if name != "reconciler"]
    (tmp_path / "Procfile").write_text("\n".join([*others, f"reconciler: {BEATING}"]))
    beats = tmp_path / "beats"
    log = tmp_path / "supervisor.log"
    supervisor = impatient_supervisor(home, log)

    def beats_of(pid: int) -> int:
        """Return how many heartbeats this process has left."""
        return beats.read_text().split().count(str(pid)) if beats.exists() else 0

    try:
        until(lambda: "reconciler" in pids(home))
        first = pids(home)["reconciler"]
        until(lambda: beats_of(first) >= 50)
        assert pids(home)["reconciler"] == first
        (tmp_path / f"hang.{first}").touch()
        until(lambda: pids(home).get("reconciler", first) != first)
        second = pids(home)["reconciler"]
        until(lambda: beats_of(second) >= 1)
        assert f"process {first}, left no heartbeat" in log.read_text()
    finally:
        supervisor.terminate()
        supervisor.wait()
        stop_sessions(read_records(home.stack), grace_seconds=1)


@pytest.mark.integration
def test_a_part_that_a_signal_has_stopped_is_replaced(
    supervised: tuple[Home, subprocess.Popen[bytes]],
) -> None:
    """Broken: a stopped router or server hangs every request, and nobody brings it back."""
    home, _ = supervised
    before = pids(home)
    worker = read_record(home.record("worker"))
    assert worker is not None
    until(lambda: len(members(worker)) == 2)
    for name in PROGRAMS:
        os.kill(before[name], signal.SIGSTOP)
    until(lambda: all(pids(home).get(name, before[name]) != before[name] for name in PROGRAMS))
    [flow_run] = members(worker)  # what the worker had started goes on
    assert flow_run.pid != before["worker"]


@pytest.mark.integration
@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="this system has no prlimit")
def test_a_full_disk_ends_neither_it_nor_what_it_restarts(
    supervised: tuple[Home, subprocess.Popen[bytes]],
) -> None:
    """Broken: the supervisor ends over a record, and after that nothing is ever restarted.

    A limit on the size of its files stands for the full disk.
    """
    home, supervisor = supervised
    before = pids(home)
    records = {name: home.record(name).read_text() for name in PROGRAMS}
    resource.prlimit(supervisor.pid, resource.RLIMIT_FSIZE, (8, resource.RLIM_INFINITY))
    os.kill(before["router"], signal.SIGKILL)
    restarted = psutil.Process(supervisor.pid).children
    until(lambda: bool({each.pid for each in restarted()} - {*before.values()}))
    assert home.record("router").read_text() == records["router"]
    for _ in range(2):  # it looks on, and starts nothing twice
        touched = home.supervisor_heartbeat_file.stat().st_mtime_ns
        until(lambda: home.supervisor_heartbeat_file.stat().st_mtime_ns != touched)  # noqa: B023
    [router] = {each.pid for each in restarted()} - {*before.values()}
    resource.prlimit(
        supervisor.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    )
    until(lambda: pids(home).get("router") == router)
    assert supervisor.poll() is None


@pytest.mark.integration
def test_stopping_ends_every_program(supervised: tuple[Home, subprocess.Popen[bytes]]) -> None:
    """`make down` would leave orphans."""
    home, supervisor = supervised
    records = read_records(home.stack)
    supervisor.terminate()
    assert supervisor.wait() == 0
    assert all(wait_gone(record, timeout_seconds=10) for record in records)
    assert "worker" in home.log("worker").read_text()
