"""A snapshot is found by what a user writes of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from blocks.repositories.interface import Snapshot
from tasks.errors import BadInputError
from tasks.ledger.connection import Ledger
from tasks.ledger.snapshots import find_snapshot, record_snapshot, snapshots

OLD = Snapshot(
    id="aaaa1111",
    repository="local",
    project="shop",
    environment="prod",
    sources=(Path("/data/shop/prod"),),
    consistent_at=1.0,
    files=3,
    total_bytes=5_000_000_000,
    added_bytes=7,
    seconds=0.5,
)
NEW = replace(OLD, id="aaaa2222", environment="dev", consistent_at=2.0)


def test_snapshots_come_newest_first(ledger: Ledger) -> None:
    """`latest` would otherwise restore an old state over a newer one."""
    for item in (NEW, OLD, OLD):
        record_snapshot(ledger, item)
    assert snapshots(ledger, "shop") == [NEW, OLD]
    assert snapshots(ledger, "shop", "prod") == [OLD]
    assert find_snapshot(ledger, "shop", "latest") == NEW
    assert find_snapshot(ledger, "blog", "latest") is None


def test_the_start_of_an_id_is_enough_where_it_is_clear(ledger: Ledger) -> None:
    """Restoring one of several at random would be worse than asking."""
    for item in (NEW, OLD):
        record_snapshot(ledger, item)
    assert find_snapshot(ledger, "shop", "aaaa1") == OLD
    assert find_snapshot(ledger, "shop", "aaaa2222") == NEW
    assert find_snapshot(ledger, "shop", "bbbb") is None
    assert find_snapshot(ledger, "shop", "") is None
    with pytest.raises(BadInputError, match="aaaa1111"):
        find_snapshot(ledger, "shop", "aaaa")
