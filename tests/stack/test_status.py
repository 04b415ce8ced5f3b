"""Tests of the output of `make status`."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from blocks.providers.process.detached import NotStarted, ProcessIdentity, Running
from blocks.routers.extent import announce
from stack.record import ProcessRecord, record_of, write_record
from stack.status import program_rows, public_ports, service_row, supervision
from tasks.home import PROGRAMS, Home
from tasks.observe.text_table import text_table
from tasks.release import Instance, InstanceState
from tasks.settings import Settings

NOW = 100_000.0


def running() -> Running:
    """Return what a service that runs is seen to be."""
    return Running(ProcessIdentity("h", 1, 1.0, "b"), 2, 0, NOW - 90)


def test_a_dead_process_and_a_silent_one_differ() -> None:
    """A hanging server would look like one that was never started."""
    answers = dict.fromkeys(("server", "worker", "router", "reconciler"), False) | {"router": True}
    alive = ProcessRecord("server", 7, NOW - 120, "mark")
    records = {"server": alive, "worker": None, "router": alive, "reconciler": None}
    rows = {row[0]: row[1:] for row in program_rows(answers, records, NOW)}
    assert rows["server"] == ("silent", "7", "2 min")
    assert rows["worker"] == ("down", "", "")
    assert rows["router"][0] == "answers"


def test_a_service_without_a_process_is_called_what_it_is() -> None:
    """The ledger's intention would be shown as if it were so."""
    instance = Instance(
        id="i",
        project="web",
        environment="prod",
        service="app",
        replica=0,
        release="d" * 64,
        version="1.2",
        directory=Path("/nowhere"),
        host="127.0.0.1",
        port=20_000,
        state=InstanceState.RUNNING,
        started_at=NOW - 90,
    )
    assert service_row(instance, NotStarted(), NOW, {})[3] == "never started"
    public = {"front/web/prod/app": 8300}
    assert service_row(instance, running(), NOW, public)[3:] == (
        "running",
        "8300",
        "20000",
        "1.2 (dddddddddddd)",
        "1 min",
    )
    warm = replace(instance, state=InstanceState.WARM)
    assert service_row(warm, running(), NOW, public)[4] == ""


def test_a_service_that_ends_again_and_again_is_a_crash_loop() -> None:
    """What ends every second would be shown as running, as its shim does."""
    instance = Instance(
        *("i", "web", "prod", "app", 0, "d" * 64, "1.2", Path("/nowhere")),
        *("127.0.0.1", 20_000, InstanceState.RUNNING, NOW - 90),
    )
    status = replace(running(), child_pid=None, restarts=7, quick_ends=7, last_end="exit code 3")
    assert service_row(instance, status, NOW, {})[3] == (
        "crash loop: 7 restarts, the last time: exit code 3"
    )


def test_a_part_that_ends_after_each_answer_is_failing() -> None:
    """A part that crashes every few seconds would look well to whoever asks at the right moment."""
    answers = dict.fromkeys(PROGRAMS, True)
    alive = ProcessRecord("server", 7, NOW - 2, "mark")
    records = dict.fromkeys(PROGRAMS, alive)
    rows = program_rows(answers, records, NOW, failing=["worker"])
    states = {row[0]: row[1] for row in rows}
    assert (states["worker"], states["server"]) == ("failing", "answers")


def test_it_says_who_brings_back_what_dies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With supervisor, reconciler and worker dead nobody would know that nothing comes back."""
    home = Home(tmp_path)
    home.create()
    monkeypatch.setattr(psutil.Process, "environ", lambda _: {"SLIPWAY_HOME": str(tmp_path)})
    own = record_of("supervisor", os.getpid(), "mark")
    dead = replace(own, started=own.started - 1000)
    assert supervision(home, NOW) == []
    for name in ("supervisor", "reconciler", "worker"):
        write_record(home.record(name), replace(dead, program=name))
    (sentence,) = supervision(home, NOW)
    assert "Reconciler and worker are dead as well" in sentence
    assert "make up" in sentence
    write_record(home.record("worker"), replace(own, program="worker"))
    assert "The worker replaces it" in supervision(home, NOW)[0]
    write_record(home.record("supervisor"), own)
    assert supervision(home, NOW) == []
    home.supervisor_heartbeat_file.touch()
    os.utime(home.supervisor_heartbeat_file, (NOW - 600, NOW - 600))
    (sentence,) = supervision(home, NOW)
    assert sentence.startswith(f"The supervisor, process {os.getpid()}, hangs: no sign for 10 min.")


def test_the_public_ports_that_were_added_are_shown(tmp_path: Path) -> None:
    """Whoever has set more slots cannot see whether the router serves them."""
    config = Settings(home=tmp_path, router_port=8300, router_slots=4)
    assert public_ports(config) == ""
    (tmp_path / "router").mkdir()
    announce(tmp_path / "router", 8300, 4)
    assert public_ports(config) == "Public ports 8300 to 8303 (4)"
    announce(tmp_path / "router", 8304, 2)
    assert public_ports(config) == "Public ports 8300 to 8305 (6, 2 of them added since its start)"


def test_columns_stand_under_each_other() -> None:
    """The table could not be read."""
    assert text_table(("a", "long"), [("wide one", "x")]).splitlines() == [
        "a         long",
        "wide one  x",
    ]
