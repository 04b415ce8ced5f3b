"""Tests of `make down`: it says what it has stopped, and what it has left."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from blocks.providers.process import detached, stopping
from stack import down
from stack.lock import exclusive
from tasks.errors import BusyError
from tasks.home import Home
from tasks.ledger.connection import Ledger
from tasks.ledger.hosts import claim_ledger, this_host
from tasks.ledger.instances import record_instance
from tasks.release import Instance, InstanceState
from tasks.settings import Settings
from tests.stack.test_room import fill
from tests.stack.test_services import start


def test_what_goes_on_is_said_with_how_to_reach_it_again(
    ledger: Ledger, ledger_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: users believe that their services answer as before, and nobody reaches them."""
    monkeypatch.setattr(down, "is_running", lambda instance: instance.service == "web")
    config = Settings.model_validate({"home": tmp_path / "home", "ledger_url": ledger_url})
    claim_ledger(ledger, this_host(config.root), 1.0)
    for name in ("web", "ended"):
        where = (name, "shop", "dev", name, 0, "d1", "1", tmp_path / name)
        record_instance(ledger, Instance(*where, "::1", None, InstanceState.RUNNING, 1.0))
    Home(config.root).create()
    assert down.down(config) == (
        "nothing to stop; replicas that go on, without their public ports until the next "
        "`make up`: 1"
    )


@pytest.mark.integration
def test_a_full_disk_keeps_nothing_running(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: `make down` ends in a stack trace, and steps and services run on."""
    monkeypatch.setattr(stopping, "_STOP_MARGIN_SECONDS", 0.5)
    monkeypatch.setattr(down, "GRACE_SECONDS", 0.5)
    config = Settings.model_validate({"home": small_disk / "home"})
    home = Home(config.root)
    home.create()
    folders = [
        home.root / "steps" / "workload" / "build" / "1",
        home.root / "instances" / "shop-dev-before-12345678",
        home.root / "instances" / "shop-dev-web-0-12345678",
    ]
    step, before, service = folders
    for folder in folders:
        folder.parent.mkdir(parents=True, exist_ok=True)
        start(folder)
    fill(small_disk)
    with pytest.raises(down.UntoldError, match=rf"^stopped 2 steps, but .*at {small_disk} "):
        down.down(config)
    assert not detached.is_running(step)
    assert not detached.is_running(before)
    assert detached.is_running(service)
    with pytest.raises(
        down.UntoldError,
        match=r"^stopped 1 services, but the ledger was not told: the next `make up` may start ",
    ):
        down.down(config, everything=True)
    assert not detached.is_running(service)


@pytest.mark.integration
def test_the_reserve_is_released_to_record_what_was_stopped(small_disk: Path) -> None:
    """Broken: on a full disk nobody learns of what was stopped, though room is kept for that."""
    config = Settings.model_validate({"home": small_disk / "home"})
    home = Home(config.root)
    home.create()
    home.reserve_file.write_bytes(b"x" * 800_000)
    fill(small_disk)
    assert down.down(config) == "nothing to stop"
    assert not home.reserve_file.exists()


@pytest.mark.integration
def test_a_disk_on_which_no_file_can_be_made_keeps_nothing_running(small_disk: Path) -> None:
    """Broken: `make down` cannot make its lock, and ends in a stack trace."""
    home = Home(small_disk / "home")
    home.create()
    folder = home.root / "steps" / "workload" / "build" / "1"
    folder.parent.mkdir(parents=True)
    start(folder)
    files = len(list(small_disk.rglob("*"))) + 1
    limit = ["mount", "-o", f"remount,nr_inodes={files}", str(small_disk)]
    subprocess.run(limit, check=True)
    with exclusive(home), pytest.raises(BusyError), exclusive(home):
        pass
    with pytest.raises(down.UntoldError, match=r"^stopped 1 steps, but the ledger was not told"):
        down.down(Settings.model_validate({"home": home.root}))
    assert not home.lock_file.exists()
    assert not detached.is_running(folder)
