"""Tests of the output of `make status`, and of what it looks at."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from blocks.routers.extent import announce
from stack.endings import Ending, write_ending
from stack.overview import Service, look, nothing_known, public_ports, supervision
from stack.record import record_of, write_record
from stack.status import overview, service_row, text
from tasks.home import Home
from tasks.ledger.connection import open_ledger
from tasks.ledger.instances import record_instance
from tasks.observe.text_table import text_table
from tasks.release import Instance, InstanceState
from tasks.settings import Settings

NOW = 100_000.0


@pytest.fixture
def config(tmp_path: Path) -> Settings:
    """Give the settings of a home in which nothing runs and nothing answers."""
    home = Home(tmp_path / "home")
    home.create()
    return Settings(home=home.root, server_port=9, router_port=9)


def instance(**fields: object) -> Instance:
    """Return a service that is meant to run and has no process."""
    own = Instance(
        *("i", "web", "prod", "app", 1, "d" * 64, "1.2", Path("/nowhere")),
        *("127.0.0.1", 20_000, InstanceState.RUNNING, NOW - 90),
    )
    return replace(own, **fields)  # type: ignore[arg-type]


def test_a_dead_process_and_a_silent_one_differ(
    config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hanging server would look like one that was never started."""
    monkeypatch.setattr(psutil.Process, "environ", lambda _: {"SLIPWAY_HOME": str(config.root)})
    own = record_of("server", os.getpid(), "mark")
    write_record(Home(config.root).record("server"), own)
    seen = look(config, own.create_time + 120, None, nothing_known)
    states = {each.name: (each.state, each.pid) for each in seen.processes}
    assert states["server"] == ("silent", os.getpid())
    assert states["worker"] == ("down", None)
    rows = text(seen).splitlines()
    assert next(row for row in rows if row.startswith("server")).split()[-2:] == ["2", "min"]


def test_a_part_that_keeps_ending_is_failing_and_shows_its_log(config: Settings) -> None:
    """A part that crashes every few seconds would look well, and nobody would learn why."""
    home = Home(config.root)
    write_ending(home, Ending("worker", 1, 5))
    home.log("worker").write_text("PermissionError: https://user:hunter2@example.org/\n")
    seen = look(config, NOW, None, nothing_known)
    worker = next(each for each in seen.processes if each.name == "worker")
    assert worker.state == "failing"
    assert "PermissionError" in text(seen)
    assert "hunter2" not in text(seen)


def test_a_service_without_a_process_is_called_what_it_is(config: Settings) -> None:
    """The ledger's intention would be shown as if it were so."""
    with closing(open_ledger(config.resolved_ledger_url())) as ledger:
        record_instance(ledger, instance())
    seen = overview(config, NOW)  # nobody answers reads: it looks itself
    assert [each.state for each in seen.services] == ["never started"]
    assert "web      prod         app.1    never started" in text(seen)


def test_the_row_of_a_service_has_its_ports_and_its_release() -> None:
    """Nobody would know where to reach it, or what runs there."""
    service = Service(
        project="web",
        environment="prod",
        service="app",
        replica=0,
        state="running",
        health="ok",
        url="http://127.0.0.1:8300",
        port=20_000,
        version="1.2",
        release="d" * 64,
        uptime_seconds=90.0,
        restarts=0,
        cpu_percent=None,
        memory_mib=None,
        differs=(),
        last_lines=(),
    )
    where = ("web", "prod", "app.0")
    assert service_row(service) == (
        *where,
        "running",
        "8300",
        "20000",
        "1.2 (dddddddddddd)",
        "1 min",
    )
    assert service_row(service.model_copy(update={"url": ""}))[4] == ""


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
