"""Tests that find blocks which slipway.yaml no longer defines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from flows.configuration import source_file
from tasks.ledger.connection import Ledger


@pytest.fixture(autouse=True)
def _configured(monkeypatch: pytest.MonkeyPatch, ledger: Ledger) -> None:
    @contextmanager
    def own_ledger() -> Iterator[Ledger]:
        yield ledger

    async def documents(slug: str) -> dict[str, dict[str, Any]]:
        names = ["shop", "blog", "by-hand"] if slug == "slipway-project" else []
        return {name: {} for name in names}

    monkeypatch.setattr(source_file, "own_ledger", own_ledger)
    monkeypatch.setattr(source_file, "documents", documents)


async def test_what_a_file_no_longer_says_is_told(tmp_path: Path) -> None:
    """Broken: what is removed from slipway.yaml stays configured for ever, and nobody is told."""
    file = tmp_path / "slipway.yaml"
    first = ["project/shop", "project/blog", "provider/gone"]
    assert await source_file.left_behind(file, first) == []
    assert await source_file.left_behind(file, ["project/shop"]) == ["project/blog"]
    assert await source_file.left_behind(tmp_path / "other.yaml", []) == []
    assert await source_file.left_behind(file, ["project/shop", "project/blog"]) == []
