"""Tests of `make down`: it says what it has stopped, and what it has left."""

from __future__ import annotations

from pathlib import Path

import pytest

from stack import down
from tasks.home import Home
from tasks.ledger.connection import Ledger
from tasks.ledger.hosts import claim_ledger, this_host
from tasks.ledger.instances import record_instance
from tasks.release import Instance, InstanceState
from tasks.settings import Settings


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
