"""What is to be ended is recorded so first: whoever looks meanwhile, or goes on later, knows."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.free_ports import free_ports
from blocks.providers.process import detached
from blocks.providers.process.identity import this_boot
from blocks.providers.process.process_table import entry
from blocks.routers.slots import SlotRouter
from stack.services import UnfinishedInstances, gone
from tasks.launch.convergence import converge, shut_down
from tasks.launch.launcher import Launcher
from tasks.launch.public_ports import PublicPorts
from tasks.ledger.connection import Ledger
from tasks.ledger.instances import instances, mark_stopping, take_instances
from tasks.ledger.ports import ports
from tasks.ledger.public_ports import PortOwner
from tasks.presence import is_running
from tasks.public_port_range import PublicPortRange
from tasks.release import InstanceState

FRONT = free_ports(10)
pytestmark = pytest.mark.integration
Make = Callable[..., Launcher]


@pytest.fixture
def public_ports(ledger: Ledger, tmp_path: Path) -> PublicPorts:
    """Give public ports with real slots."""
    span = PublicPortRange("127.0.0.1", FRONT, FRONT + 9)
    return PublicPorts(ledger, SlotRouter(tmp_path / "router"), PortOwner("demo", "dev"), span)


def test_a_busy_ledger_does_not_bring_back_what_is_being_stopped(
    launcher_for: Make, public_ports: PublicPorts, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: the reconciler takes a stop that cannot be recorded yet for a loss."""
    launcher = launcher_for()
    converge(launcher, launcher.build(""), public_ports)
    end, lost = detached.stop, []

    def end_while_the_ledger_is_busy(directory: Path, grace_seconds: float) -> None:
        end(directory, grace_seconds)
        with closing(sqlite3.connect(ledger.url.database or "", isolation_level=None)) as writer:
            writer.execute("BEGIN IMMEDIATE")
            lost.append(gone(ledger))
            writer.execute("ROLLBACK")

    monkeypatch.setattr(detached, "stop", end_while_the_ledger_is_busy)
    shut_down(launcher, public_ports, 2)
    assert lost == [[]]
    assert launcher.recorded() == []


@pytest.fixture
def dead() -> str:
    """Give the identity of a process that is no more."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as program:
        process = entry(program.pid)
        assert process is not None
        identity = detached.ProcessIdentity("here", process.pid, process.started, this_boot())
        program.kill()
    return identity.encode()


def unfinished(launcher: Launcher, public_ports: PublicPorts) -> UnfinishedInstances:
    """Return what the reconciler does of it."""
    owner = detached.own_identity().encode()
    return UnfinishedInstances(launcher.ledger, public_ports.router, launcher.home, owner)


def test_a_stop_whose_process_died_is_brought_to_its_end(
    launcher_for: Make, public_ports: PublicPorts, ledger: Ledger, dead: str
) -> None:
    """Broken: a stop that was killed leaves a service running that everybody takes for stopped."""
    launcher = launcher_for()
    (instance,) = converge(launcher, launcher.build(""), public_ports).instances
    mark_stopping(ledger, [instance.id], dead)
    assert gone(ledger) == []
    assert len(unfinished(launcher, public_ports)(0)) == 1
    assert isinstance(detached.status(instance.directory), detached.Ended)
    assert public_ports.router.upstreams(FRONT) == ()
    assert [lease.owner for lease in ports(ledger)] == ["front/demo/dev/web"]
    assert launcher.recorded() == []


def test_a_launch_that_died_leaves_nothing_and_the_traffic_where_it_was(
    launcher_for: Make, public_ports: PublicPorts, ledger: Ledger, dead: str
) -> None:
    """Broken: a killed launch leaves processes for ever, or the traffic with them."""
    launcher = launcher_for()
    release = launcher.build("")
    (serving,) = converge(launcher, release, public_ports).instances
    served = public_ports.router.upstreams(FRONT)
    (started,) = launcher.start(release, fresh=True)
    take_instances(ledger, [started.id], dead)
    public_ports.router.route(FRONT, [f"{started.host}:{started.port}"])
    assert len(unfinished(launcher, public_ports)(0)) == 1
    assert public_ports.router.upstreams(FRONT) == served
    assert isinstance(detached.status(started.directory), detached.Ended)
    assert [instance.id for instance in launcher.live()] == [serving.id]


def test_what_somebody_is_at_work_on_is_left_to_them(
    launcher_for: Make, public_ports: PublicPorts, ledger: Ledger
) -> None:
    """Broken: the reconciler ends what a launch has just started."""
    launcher = launcher_for()
    (instance,) = launcher.start(launcher.build(""))
    with subprocess.Popen(["sleep", "600"]) as other:
        process = entry(other.pid)
        assert process is not None
        identity = detached.ProcessIdentity("here", process.pid, process.started, this_boot())
        take_instances(ledger, [instance.id], identity.encode())
        assert unfinished(launcher, public_ports)(0) == []
        os.kill(other.pid, signal.SIGKILL)
    assert is_running(instance)


def test_a_launch_that_is_stopped_meanwhile_does_not_come_back(
    launcher_for: Make, public_ports: PublicPorts, ledger: Ledger
) -> None:
    """Broken: a launch declares running what was stopped while it waited for health."""
    launcher = launcher_for()
    started, turn = launcher.start(launcher.build("")), launcher.turn()
    shut_down(launcher, public_ports, 2)
    assert not launcher.hand_over(started, [], turn)
    launcher.mark(started, InstanceState.RUNNING)
    assert [instance.state for instance in instances(ledger)] == [InstanceState.STOPPED]
    assert gone(ledger) == []


def test_a_replaced_release_is_not_brought_back_while_it_ends(
    launcher_for: Make, public_ports: PublicPorts, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: a restart that is slow to end the old processes has them launched again."""
    launcher = launcher_for()
    release = launcher.build("")
    converge(launcher, release, public_ports)
    end, lost = detached.stop, []

    def end_and_look(directory: Path, grace_seconds: float) -> None:
        end(directory, grace_seconds)
        lost.extend(gone(ledger))

    monkeypatch.setattr(detached, "stop", end_and_look)
    converge(launcher, release, public_ports, fresh=True)
    assert lost == []
    assert len(launcher.live()) == 1
