"""Ledgers for tests: an empty one of a test's own, and the one of a home that flows find."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.ledger.connection import Ledger, open_ledger
from tasks.settings import settings


@pytest.fixture(scope="session")
def ledger_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the file of an empty ledger: migrating one takes long, copying it does not."""
    path = tmp_path_factory.mktemp("template") / "ledger.db"
    # Closing the last connection moves the WAL into the file, so that a copy is whole.
    open_ledger(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def ledger_url(ledger_template: Path, tmp_path: Path) -> str:
    """Give the URL of a ledger of the test's own; a folder of tests may give another database."""
    path = shutil.copy(ledger_template, tmp_path / "ledger.db")
    return f"sqlite:///{path}"


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    """Give that ledger, open."""
    opened = open_ledger(ledger_url)
    yield opened
    opened.close()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give the home that flows and tasks find, whose ledger does not exist yet."""
    monkeypatch.setenv("SLIPWAY_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SLIPWAY_LEDGER_URL", raising=False)
    monkeypatch.delenv("SLIPWAY_DATABASE_URL", raising=False)
    settings.cache_clear()
    yield settings().root
    settings.cache_clear()


@pytest.fixture
def home_ledger(home: Path, ledger_template: Path) -> Iterator[Ledger]:
    """Give the ledger of that home, open."""
    home.mkdir(parents=True, exist_ok=True)
    shutil.copy(ledger_template, home / "ledger.db")
    opened = open_ledger(settings().resolved_ledger_url())
    yield opened
    opened.close()
