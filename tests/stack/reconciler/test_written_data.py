"""Tests that find data which services write into their serving trees."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from stack.reconciler.written_data import FILES_PER_LOOK, WrittenDataWatcher
from tasks.events import Event, EventName
from tasks.launch.data.carrying import CarryError
from tasks.launch.data.serving import ServingTrees
from tasks.ledger.connection import Ledger
from tasks.ledger.insights import open_insights
from tasks.ledger.instances import record_instance
from tasks.release import Instance, InstanceState, Release

_MOMENTS = count(0.0, 10.0)
"""The time of day of each look."""


def serving_tree(
    ledger: Ledger, home: Path, data: tuple[str, ...] = (), *, stateless: bool = False
) -> Path:
    """Record that a release of `shop` serves in `dev`, and return the source it runs in."""
    pristine = home / "releases" / "shop" / "d1"
    (pristine / "source").mkdir(parents=True)
    for number in range(30):
        (pristine / "source" / f"{number}.txt").touch()
    (pristine / "source" / "db.json").write_text("{}")
    trees = ServingTrees(
        home / "serving" / "shop" / "dev",
        home / "releases" / "shop",
        home / "data" / "shop" / "dev" / "source",
        "shop",
        data,
        stateless,
    )
    tree = trees.prepare(Release("shop", "1", "d1", pristine, "python", 0.0), "")
    instance = Instance(
        *("i1", "shop", "dev", "web", 0, "d1", "1", home / "instances" / "i1"),
        *("127.0.0.1", None, InstanceState.RUNNING, 0.0),
    )
    record_instance(ledger, instance)
    return tree.source


def watch_over(
    ledger: Ledger,
    home: Path,
    files_per_look: int = FILES_PER_LOOK,
    announce: Callable[[Event], None] = lambda _event: None,
) -> WrittenDataWatcher:
    """Return what is tested, on a clock by which ten seconds pass from look to look."""
    clock = count(0.0, 10.0).__next__
    return WrittenDataWatcher(ledger, home, files_per_look, clock, announce)


def passes(watcher: WrittenDataWatcher, looks: int = 40) -> list[str]:
    """Return what is said in so many looks."""
    return [message for _ in range(looks) for message in watcher(next(_MOMENTS))]


def test_what_is_written_is_raised_once_and_closed_when_it_is_carried(
    ledger: Ledger, tmp_path: Path
) -> None:
    """A month of orders lies in a folder that the next deploy leaves behind."""
    source = serving_tree(ledger, tmp_path)
    events: list[Event] = []
    watcher = watch_over(ledger, tmp_path, files_per_look=7, announce=events.append)
    assert passes(watcher) == []
    (source / "orders.csv").touch()
    (message,) = passes(watcher)
    assert "source/orders.csv" in message
    assert "`data: [orders.csv]`" in message
    (insight,) = open_insights(ledger)
    assert (insight.kind, insight.key, insight.severity) == ("data", "shop/dev", "warning")
    (source / "orders.csv").unlink()
    assert passes(watcher) == []
    assert open_insights(ledger) == []
    assert [event.name for event in events] == [EventName.INSIGHT_RAISED, EventName.INSIGHT_CLOSED]


def test_each_look_is_small(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reconciler does nothing else for the seconds that a large tree takes."""
    serving_tree(ledger, tmp_path)
    watcher, files_seen = watch_over(ledger, tmp_path, files_per_look=7), 0

    def lstat(path: str) -> os.stat_result:
        nonlocal files_seen
        files_seen += 1
        return original(path)

    original = os.lstat
    watcher(0.0)
    monkeypatch.setattr(os, "lstat", lstat)
    watcher(1.0)
    assert 7 <= files_seen <= 40


def test_a_file_that_replaced_its_link_is_brought_home(ledger: Ledger, tmp_path: Path) -> None:
    """What json-server writes stays out of the backups until the next deploy."""
    source = serving_tree(ledger, tmp_path, data=("db.json",))
    (source / "draft").write_text(json.dumps({"sold": 1}))
    (source / "draft").replace(source / "db.json")
    assert passes(watch_over(ledger, tmp_path)) == []
    kept = tmp_path / "data" / "shop" / "dev" / "source" / "db.json"
    assert json.loads(kept.read_text()) == {"sold": 1}
    assert (source / "db.json").is_symlink()


def test_a_project_that_keeps_nothing_is_left_alone(ledger: Ledger, tmp_path: Path) -> None:
    """A project that has said so is warned of for ever."""
    source = serving_tree(ledger, tmp_path, stateless=True)
    (source / "orders.csv").touch()
    assert passes(watch_over(ledger, tmp_path)) == []
    assert open_insights(ledger) == []


def test_what_cannot_be_brought_home_now_is_told_once(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Data stays out of the backups for weeks, and no log says why."""
    serving_tree(ledger, tmp_path, data=("shop.db",))

    def refuse(_: ServingTrees, __: str) -> None:
        message = "shop.db is locked by another program."
        raise CarryError(message)

    monkeypatch.setattr(ServingTrees, "gather", refuse)
    watcher = watch_over(ledger, tmp_path)
    (message,) = passes(watcher)
    assert "shop.db is locked" in message
    assert passes(watcher) == []
