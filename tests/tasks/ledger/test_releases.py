"""Tests of releases, which are found by version and by digest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tasks.ledger.connection import Ledger
from tasks.ledger.releases import find_release, forget_release, record_release, releases
from tasks.release import Release

OLD = Release("shop", "1.0", "aaaaaaaa1111", Path("/r/a"), "python", 1.0)
NEW = Release("shop", "1.0", "bbbbbbbb2222", Path("/r/b"), "python", 2.0)


def test_the_newest_build_of_a_version_is_found(ledger: Ledger) -> None:
    """Otherwise a deploy would bring an outdated build of the version."""
    record_release(ledger, NEW)
    record_release(ledger, OLD)
    assert find_release(ledger, "shop", "1.0") == NEW
    assert releases(ledger, "shop") == [NEW, OLD]
    assert find_release(ledger, "blog", "1.0") is None


def test_a_digest_finds_by_its_start(ledger: Ledger) -> None:
    """Rollback names releases by digest; a version `a` must not match one by chance."""
    record_release(ledger, OLD)
    assert find_release(ledger, "shop", "aaaaaaaa") == OLD
    assert find_release(ledger, "shop", "a") is None
    assert find_release(ledger, "shop", "%aaaaaaa") is None


def test_building_again_replaces_and_forgetting_removes(ledger: Ledger) -> None:
    """A release that is gone from disk must not be launched."""
    record_release(ledger, OLD)
    moved = replace(OLD, path=Path("/elsewhere"))
    record_release(ledger, moved)
    assert releases(ledger, "shop") == [moved]
    forget_release(ledger, "shop", OLD.digest)
    assert releases(ledger, "shop") == []
