"""Tests of the default blocks: a fresh home gets them, and a user's own stay."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from stack.registration import default_blocks
from tasks.home import Home
from tasks.settings import Settings


@pytest.fixture
def config(tmp_path: Path) -> Settings:
    """Give the settings of a fresh home."""
    config = Settings(home=tmp_path / "home", router_port=18000, router_slots=3)
    Home(config.root).create()
    return config


def test_a_fresh_home_can_run_back_up_and_launch(
    config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: the first `launch` or `run` after `make up` asks for blocks that nobody has made."""
    monkeypatch.setattr(default_blocks, "_exists", lambda *_: False)
    names = [
        f"{block.get_block_type_slug()}/{name}"
        for name, block in default_blocks.missing_blocks(config)
    ]
    assert names == [
        "slipway-shell-provider/local",
        "slipway-restic-repository/local",
        "slipway-environment/dev",
        "slipway-environment/staging",
        "slipway-environment/prod",
    ]


def test_what_is_configured_is_left_alone(
    config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: each `make up` resets the capacity, the repository and the variables of the user."""
    monkeypatch.setattr(default_blocks, "_exists", lambda *_: True)
    assert list(default_blocks.missing_blocks(config)) == []


def test_the_password_of_the_repository_is_made_once_and_kept_private(config: Settings) -> None:
    """Broken: another password each time, and no backup can ever be read again."""
    home = Home(config.root)
    password = default_blocks.repository_password(home)
    assert len(password) >= 24
    assert default_blocks.repository_password(home) == password
    assert stat.S_IMODE(home.repository_password_file.stat().st_mode) == 0o600


def test_the_router_is_the_one_that_is_started(config: Settings) -> None:
    """Broken: routes are written where Caddy does not look, and nothing answers."""
    block = default_blocks.router_block(config)
    assert (block.directory, block.host) == (config.root / "router", config.host)
    assert (block.first_port, block.slots) == (18000, 3)
