"""The Prefect task of allocate: it reserves in the configured ledger, and shows a table."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from blocks.providers.interface import Resources
from tasks.ledger.connection import open_ledger
from tasks.ledger.providers import register_provider
from tasks.ledger.reservations import reservations
from tasks.plan import Placement, Plan
from tasks.settings import settings

pytestmark = pytest.mark.prefect


async def test_it_reserves_and_shows_a_table(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The flow would otherwise run without a reservation, or without a word about it."""
    # Importing Prefect takes seconds, which other tests must not pay.
    from tasks.allocate import task  # noqa: PLC0415

    artifact: dict[str, Any] = {}

    async def show(**fields: Any) -> None:
        """Keep what would be shown."""
        artifact.update(fields)

    monkeypatch.setattr(task, "acreate_table_artifact", show)
    monkeypatch.setattr(task, "get_run_logger", lambda: logging.getLogger("run"))
    monkeypatch.setenv("SLIPWAY_HOME", str(tmp_path))
    settings.cache_clear()
    ledger = open_ledger(settings().resolved_ledger_url())
    register_provider(ledger, "local", "shell", Resources(slots=1), 1.0, 0.0, 0.0)
    placed = (Placement("a", "local", 0.0, 5.0),)
    plan = Plan("shop", "tests", "planned", ("a",), placed, 5.0, 5.0, 0.0, 1.0)
    report = await task.allocate.fn("w", plan, {"a": Resources(slots=1)})
    settings.cache_clear()
    assert reservations(ledger) == list(report.reservations)
    assert artifact["key"] == "allocation-shop-tests"
    assert artifact["description"].startswith("Allocation of tests: 1 window reserved")
    assert artifact["table"][0]["provider"] == "local"
    ledger.close()
