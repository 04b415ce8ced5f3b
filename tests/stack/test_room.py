"""Tests of the room that a stack needs on the file system of its home."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from benchmarks.free_ports import free_ports
from stack import room
from stack.api import SlipwayApi
from stack.readiness import wait_for
from stack.room import require_room, require_room_left
from stack.up import up
from tasks.errors import BadInputError
from tasks.home import Home
from tasks.settings import Settings

pytestmark = pytest.mark.integration


def fill(disk: Path) -> None:
    """Leave no byte free on ``disk``."""
    with (disk / "filling").open("wb", buffering=0) as filling, suppress(OSError):
        while filling.write(b"x" * 4096):
            pass


def test_nothing_is_started_where_a_new_home_has_no_room(small_disk: Path) -> None:
    """Broken: `make up` prints nothing for two minutes, as its parts fail one after the other."""
    root = small_disk / "home"
    with pytest.raises(BadInputError) as refused:
        up(Settings.model_validate({"home": root, "start_seconds": 5.0}), small_disk)
    assert str(refused.value) == (
        f"SLIPWAY_HOME: its file system, at {small_disk}, has too little room: 1.0 MiB are free, "
        f"and a new home needs 48 MiB (got '{root}'). Make room there, enlarge it, or set "
        "SLIPWAY_HOME to a folder on another file system: SLIPWAY_HOME=<folder> make up."
    )
    assert not root.exists()


def test_a_home_that_has_its_files_needs_less(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: after a restart of the machine nothing starts, though there is room enough."""
    home = Home(tmp_path)
    home.create()
    monkeypatch.setattr(room, "free_bytes", lambda _: room.OLD_HOME_BYTES - 1)
    with pytest.raises(BadInputError, match="a new home needs"):
        require_room(home)
    home.registration_file.touch()
    with pytest.raises(BadInputError, match=r"this home needs 16 MiB"):
        require_room(home)
    home.reserve_file.write_bytes(b"x")
    require_room(home)


def test_nobody_waits_for_a_stack_on_a_full_disk(small_disk: Path) -> None:
    """Broken: `make up` waits two minutes for parts that cannot start."""
    config = Settings.model_validate({"home": small_disk / "home", "server_port": free_ports(1)})
    Home(config.root).create()
    fill(small_disk)
    with (
        SlipwayApi.of(config, patience_seconds=0) as api,
        pytest.raises(BadInputError, match=f"at {small_disk}, is full: 0.0 MiB are free"),
    ):
        wait_for(config, api)


def test_a_disk_with_room_is_waited_for(tmp_path: Path) -> None:
    """Broken: no `make up` succeeds that has to wait."""
    require_room_left(Home(tmp_path))
