"""Tests of retention: ended folders go by age and by size; living ones stay."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from stack.reconciler.retention import Folder, Retention, to_remove
from tasks.home import Home
from tasks.launch.lock import locked
from tasks.ledger.connection import Ledger
from tasks.ledger.instances import instances, record_instance
from tasks.ledger.workloads import open_workload
from tasks.observe.retention_table import read_retention, retention_table
from tasks.release import Instance, InstanceState
from tasks.settings import Settings

DAY = 86_400.0
NOW = 1000 * DAY


@pytest.fixture
def config(tmp_path: Path) -> Settings:
    """Give the settings of a home that keeps runs for ten days and one MiB."""
    config = Settings(home=tmp_path / "home", run_days=10, run_mib=1)
    Home(config.root).create()
    return config


def _folder(config: Settings, name: str, days_old: float, size: int = 100) -> Path:
    folder = config.root / name
    (folder / "step" / "1").mkdir(parents=True)
    (folder / "step" / "1" / "log").write_bytes(b"x" * size)
    os.utime(folder, (NOW - days_old * DAY, NOW - days_old * DAY))
    return folder


def test_what_is_old_goes_and_what_is_open_stays(config: Settings, ledger: Ledger) -> None:
    """Broken: folders of runs fill the disk; or a resumed run finds its steps gone."""
    lease = open_workload(ledger, "shop/ci", "me", 1.0, 15, owner_alive=lambda _: True)
    is_open = _folder(config, f"steps/{lease.id}", days_old=50)
    old, young = _folder(config, "steps/old", 11), _folder(config, "steps/young", 9)
    stopped = _folder(config, "instances/shop-dev-web-0-1", 12)
    (config.root / "instances" / ".shop-dev.lock").touch()
    sentences = Retention(config, ledger)(NOW)
    assert sentences == ["1 folders of ended steps removed", "1 folders of ended instances removed"]
    assert [path.exists() for path in (is_open, old, young, stopped)] == [True, False, True, False]
    assert (config.root / "instances" / ".shop-dev.lock").exists()


def _ended(config: Settings, ledger: Ledger, service: str, number: int) -> Path:
    """Return the folder of the ``number``th instance of ``service``, which has ended."""
    folder = _folder(config, f"instances/shop-dev-{service}-0-{number}", days_old=1)
    place = ("shop", "dev", service, 0, f"d{number}", "1", folder)
    ended = Instance(
        folder.name, *place, "127.0.0.1", None, InstanceState.STOPPED, NOW - 2 * DAY + number
    )
    record_instance(ledger, ended)
    return folder


def test_of_each_service_the_newest_ended_few_stay(config: Settings, ledger: Ledger) -> None:
    """Broken: a hundred deploys leave a hundred folders; or the log of the last one is gone."""
    web = [_ended(config, ledger, "web", number) for number in range(8)]
    worker = [_ended(config, ledger, "worker", number) for number in range(2)]
    living = _ended(config, ledger, "web", 8)
    alive = next(instance for instance in instances(ledger) if instance.directory == living)
    record_instance(ledger, replace(alive, state=InstanceState.RUNNING, started_at=NOW - 4 * DAY))
    recent = _folder(config, "instances/shop-dev-web-0-recent", days_old=0)
    record_instance(
        ledger,
        replace(alive, id=recent.name, state=InstanceState.STOPPED, started_at=NOW - 3 * DAY),
    )
    sentences = Retention(config, ledger)(NOW)
    assert sentences == ["5 folders of ended instances removed"]
    assert [path.exists() for path in web] == [False] * 5 + [True] * 3
    assert all(path.exists() for path in (*worker, living, recent))


def test_too_much_goes_oldest_first(config: Settings, ledger: Ledger) -> None:
    """Broken: a week of large logs fills the disk before its time has come."""
    folders = [_folder(config, f"steps/{age}", age, 600_000) for age in (3, 2, 1)]
    Retention(config, ledger)(NOW)
    assert [path.exists() for path in folders] == [False, False, True]


def test_what_was_half_removed_goes(config: Settings, ledger: Ledger) -> None:
    """Broken: what a killed reconciler was removing stays, and counts for nobody."""
    leftover = _folder(config, "steps/.removed-a", 1)
    Retention(config, ledger)(NOW)
    assert not leftover.exists()


def test_a_build_that_came_to_no_end_goes_unless_it_goes_on(
    config: Settings, ledger: Ledger
) -> None:
    """Broken: a build that was killed fills the disk until that project is built again."""
    leftover = _folder(config, "releases/shop/.building-a", 1)
    with locked(leftover.parent / ".lock"):
        Retention(config, ledger)(NOW)
        assert leftover.exists()
    Retention(config, ledger)(NOW)
    assert not leftover.exists()


def test_status_tells_how_much_there_is_and_when_it_goes(config: Settings, ledger: Ledger) -> None:
    """Broken: nobody knows what fills the disk, or that a log will be gone tomorrow."""
    _folder(config, "steps/young", 9, 500_000)
    assert retention_table(Home(config.root), NOW) == ""
    Retention(config, ledger)(NOW)
    [steps, *_] = read_retention(Home(config.root))
    assert (steps.count, steps.size_mib, steps.oldest_at) == (1, 0.5, NOW - 9 * DAY)
    sentences = retention_table(Home(config.root), NOW)
    assert "after 10 days, or above 1 MiB" in sentences
    assert "timings" in sentences


def test_nothing_goes_within_the_limits() -> None:
    """Broken: what is neither old nor too much is removed with the rest."""
    folders = [Folder("a", 1.0, 10), Folder("b", 5.0, 10), Folder("c", 3.0, 10)]
    assert to_remove(folders, 30, before=0.0, max_bytes=30) == []
    assert to_remove(folders, 30, before=2.0, max_bytes=30) == folders[:1]
    assert to_remove(folders, 30, before=0.0, max_bytes=15) == [folders[0], folders[2]]


def test_copies_of_releases_are_in_the_table(config: Settings, ledger: Ledger) -> None:
    """Broken: what fills the disk most is in no table."""
    for place in ("workspaces/w1", "serving/shop/dev/d1", "serving/shop/prod/d1"):
        (config.root / place / "source").mkdir(parents=True)
        (config.root / place / "source" / "big").write_bytes(b"x" * (1 << 20))
    (config.root / "workspaces" / ".lock").touch()
    Retention(config, ledger)(NOW)
    lines = {line.kind: (line.count, line.size_mib) for line in read_retention(Home(config.root))}
    assert lines["workspaces (folders)"] == (1, 1.0)
    assert lines["serving trees (folders)"] == (2, 2.0)
    assert "serving trees (folders)" in retention_table(Home(config.root), NOW)


def test_workspaces_that_nobody_comes_back_to_go(config: Settings, ledger: Ledger) -> None:
    """Broken: what cancelled runs leave stays until the next workload, which may never come."""
    alive = open_workload(ledger, "shop/ci", "me", NOW, 15, owner_alive=lambda _: True)
    dead = open_workload(ledger, "shop/old", "me", NOW - 9 * DAY, 15, owner_alive=lambda _: True)
    folders = [_folder(config, f"workspaces/{lease.id}", 9) for lease in (alive, dead)]
    assert "1 workspaces of ended workloads removed" in Retention(config, ledger)(NOW)
    assert [path.exists() for path in folders] == [True, False]


@pytest.mark.slow
def test_folders_that_lie_deep_are_measured_and_go(
    config: Settings, ledger: Ledger, nest: Callable[..., None]
) -> None:
    """Broken: what one step has nested ends each run of the job, so that nothing is let go of any more."""
    nest(_folder(config, "steps/old", 40))
    os.utime(config.root / "steps" / "old", (NOW - 40 * DAY,) * 2)
    Retention(config, ledger)(NOW)
    assert list((config.root / "steps").iterdir()) == []
