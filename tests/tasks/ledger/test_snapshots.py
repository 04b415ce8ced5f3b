"""Snapshots are listed by project and environment, newest first."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from blocks.repositories.interface import Snapshot
from tasks.ledger.connection import Ledger
from tasks.ledger.snapshots import holds_snapshots, record_snapshot, snapshots

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
    assert snapshots(ledger, "blog") == []


def test_a_repository_that_was_backed_up_to_is_known(ledger: Ledger) -> None:
    """Broken: a disk that is not mounted gets an empty repository, and nobody is told."""
    record_snapshot(ledger, OLD)
    assert holds_snapshots(ledger, "local")
    assert not holds_snapshots(ledger, "offsite")


def test_a_folder_is_the_same_however_its_path_is_written(ledger: Ledger, tmp_path: Path) -> None:
    """Broken: with a detour in its path, a lost repository is made anew in silence."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    record_snapshot(ledger, replace(OLD, repository=str(tmp_path / "disk" / "backups")))
    assert holds_snapshots(ledger, str(tmp_path / "link" / "backups"))
    assert holds_snapshots(ledger, f"{tmp_path}/disk/../disk/./backups")
    assert not holds_snapshots(ledger, str(tmp_path / "disk" / "others"))
