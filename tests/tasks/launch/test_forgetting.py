"""What is forgotten is gone, and nothing else is."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from benchmarks.free_ports import free_ports
from tasks.errors import BadInputError, BusyError
from tasks.launch import forgetting
from tasks.launch.convergence import converge
from tasks.launch.forgetting import (
    ForgetScope,
    Forgotten,
    LeftoverError,
    check_forgettable,
    forget,
    places,
)
from tasks.launch.launcher import Launcher
from tasks.launch.public_ports import PublicPorts
from tasks.ledger.connection import Ledger
from tasks.ledger.instances import instances
from tasks.ledger.ports import ports
from tasks.ledger.public_ports import PortOwner
from tasks.ledger.releases import releases
from tasks.ledger.rollouts import begin_rollout
from tasks.ledger.workloads import close_workload, open_workload
from tasks.presence import is_running
from tasks.public_port_range import PublicPortRange

FRONT = free_ports(10)
Make = Callable[..., Launcher]


class Table:
    """A router that only remembers."""

    def __init__(self) -> None:
        self.routes: dict[int, tuple[str, ...]] = {}

    def route(self, public_port: int, upstreams: Sequence[str]) -> None:
        """Remember it."""
        self.routes[public_port] = tuple(upstreams)

    def upstreams(self, public_port: int) -> tuple[str, ...]:
        """Return what was remembered."""
        return self.routes.get(public_port, ())


def subject(home: Path, project: str = "demo", environment: str = "") -> ForgetScope:
    """Give what is to be forgotten; owners called `alive` are."""
    return ForgetScope(project, environment, home, alive=lambda owner: owner == "alive")


@pytest.mark.integration
@pytest.mark.parametrize("delete_data", [False, True])
def test_a_forgotten_project_leaves_nothing_but_its_data(
    launcher_for: Make, ledger: Ledger, delete_data: bool
) -> None:
    """Broken: what is removed keeps its processes, its ports and its place on the disk."""
    router, span = Table(), PublicPortRange("127.0.0.1", FRONT, FRONT + 9)
    demo, other = launcher_for(), launcher_for("other")
    for launcher in (demo, other):
        public_ports = PublicPorts(ledger, router, PortOwner(launcher.project, "dev"), span)
        converge(launcher, launcher.build(""), public_ports)
    [served] = demo.live()
    (demo.data_folder / "note").write_text("kept")
    gone = forget(ledger, router, subject(demo.home), delete_data=delete_data)
    folder = str(demo.data_folder)
    folders = ((folder,), ()) if delete_data else ((), (folder,))
    assert gone == Forgotten(1, 1, *folders)
    assert not is_running(served)
    assert demo.data_folder.exists() is not delete_data
    assert not served.directory.exists()
    assert not (demo.home / "releases" / "demo").exists()
    assert instances(ledger, "demo") == []
    assert releases(ledger, "demo") == []
    assert [lease.owner for lease in ports(ledger) if "demo" in lease.owner] == []
    assert router.routes[FRONT] == ()
    assert len(other.live()) == 1
    assert router.routes[FRONT + 1]
    again = forget(ledger, router, subject(demo.home), delete_data=True)
    assert (again.stopped, again.releases) == (0, 0)


def test_what_is_at_work_is_not_forgotten(ledger: Ledger, tmp_path: Path) -> None:
    """Broken: the folders of a run are removed beneath its steps."""
    lease = open_workload(ledger, "demo/tests/dev/d1/s", "alive", 0.0, 100.0, lambda _: True)
    open_workload(ledger, "other/tests/dev/d1/s", "alive", 0.0, 100.0, lambda _: True)
    with pytest.raises(BusyError, match=r"demo/tests/dev.*cancel it"):
        check_forgettable(ledger, subject(tmp_path), 1.0)
    check_forgettable(ledger, subject(tmp_path, environment="prod"), 1.0)
    close_workload(ledger, lease.id, lease.fence, "succeeded", 2.0)
    check_forgettable(ledger, subject(tmp_path), 2.0)
    begin_rollout(ledger, "demo", "dev", "alive", {}, 0.0, 100.0, lambda _: True)
    with pytest.raises(BusyError, match="a rollout is at"):
        check_forgettable(ledger, subject(tmp_path), 2.0)
    check_forgettable(ledger, subject(tmp_path, environment="prod"), 2.0)


def test_a_rollout_that_begins_meanwhile_is_not_forgotten(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: a deploy goes on over what is removed under it."""
    (tmp_path / "data" / "demo" / "dev").mkdir(parents=True)
    check = forgetting.check_forgettable

    def check_then_deploy(*arguments: Any) -> None:
        """Have a deploy begin right after it was looked whether one is at work."""
        check(*arguments)
        begin_rollout(ledger, "demo", "dev", "alive", {}, 1.0, 15.0, lambda _: True)

    monkeypatch.setattr(forgetting, "check_forgettable", check_then_deploy)
    with pytest.raises(BusyError, match="demo/dev: a rollout is at"):
        forget(ledger, Table(), subject(tmp_path), delete_data=True)
    assert (tmp_path / "data" / "demo" / "dev").is_dir()


def test_a_workload_whose_run_died_does_not_keep_a_project(ledger: Ledger, tmp_path: Path) -> None:
    """Broken: a killed run makes a project that can never be removed."""
    open_workload(ledger, "demo/tests/dev/d1/s", "dead", 0.0, 100.0, lambda _: True)
    check_forgettable(ledger, subject(tmp_path), 1.0)


@pytest.mark.parametrize(
    ("project", "environment"), [("..", ""), ("", ""), ("a/b", ""), ("demo", ".."), ("demo", " ")]
)
def test_what_is_no_name_removes_nothing(
    ledger: Ledger, tmp_path: Path, project: str, environment: str
) -> None:
    """Broken: a name that climbs out of the home removes folders that are not ours."""
    with pytest.raises(BadInputError, match="is not a valid name"):
        forget(ledger, Table(), subject(tmp_path, project, environment), delete_data=True)


def test_data_alone_is_a_place(ledger: Ledger, tmp_path: Path) -> None:
    """Broken: the data of a project that never ran again can never be removed."""
    (tmp_path / "data" / "demo" / "dev").mkdir(parents=True)
    noted = tmp_path / "staging" / "demo" / "dev"
    noted.mkdir(parents=True)
    (noted / "manifest.json").write_text("{}")
    assert places(ledger, subject(tmp_path)) == ["dev"]
    gone = forget(ledger, Table(), subject(tmp_path), delete_data=True)
    assert gone.deleted == (str(tmp_path / "data" / "demo" / "dev"),)
    assert places(ledger, subject(tmp_path)) == []
    assert [*(tmp_path / "data").iterdir(), *(tmp_path / "staging").iterdir()] == []


@pytest.mark.slow
def test_data_of_any_depth_is_deleted(ledger: Ledger, tmp_path: Path, nest: Make) -> None:
    """Broken: a project is stopped and half forgotten, and can never be forgotten wholly."""
    nest(tmp_path / "data" / "demo" / "dev")
    nest(tmp_path / "serving" / "demo" / "dev" / "d1" / "source" / "cache")
    forget(ledger, Table(), subject(tmp_path), delete_data=True)
    assert list((tmp_path / "data").iterdir()) == []
    assert not (tmp_path / "serving" / "demo").exists()


def test_what_cannot_be_removed_is_told_and_forgotten_later(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: forget ends with a stack trace, or takes data for deleted that is there."""
    data = tmp_path / "data" / "demo" / "dev"
    data.mkdir(parents=True)
    (data / "orders").touch()
    unlink = os.unlink

    def refuse(path: str, **where: Any) -> None:
        """Refuse to remove data."""
        if path == "orders":
            raise OSError(30, "Read-only file system", path)
        unlink(path, **where)

    monkeypatch.setattr("blocks.removal.os.unlink", refuse)
    with pytest.raises(LeftoverError, match=r"dev/orders: Read-only file system\. .+ again\."):
        forget(ledger, Table(), subject(tmp_path), delete_data=True)
    assert places(ledger, subject(tmp_path)) == ["dev"]
    monkeypatch.undo()
    assert forget(ledger, Table(), subject(tmp_path), delete_data=True).deleted == (str(data),)
    assert not data.exists()
