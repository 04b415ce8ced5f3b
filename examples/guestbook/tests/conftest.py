"""What the tests share: a store in a temporary file, and a client of the application over it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from guestbook.app import Guestbook
from guestbook.store import Store
from wsgi_client import Client


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Return where a guestbook may keep its entries."""
    return tmp_path / "data" / "guestbook.db"


@pytest.fixture
def store(database: Path) -> Iterator[Store]:
    """Give an empty store."""
    opened = Store(database, busy_seconds=5)
    yield opened
    opened.close()


@pytest.fixture
def client(store: Store) -> Client:
    """Give a client of the application over ``store``."""
    return Client(Guestbook(store, version="9.8.7"))
