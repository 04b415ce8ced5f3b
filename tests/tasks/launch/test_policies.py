"""A restart policy is kept by all that could start something again."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.free_ports import free_ports
from blocks.providers.process import detached
from blocks.routers.slots import SlotRouter
from stack.services import gone
from tasks.launch.convergence import converge
from tasks.launch.drift import ConfigurationDrift, drift
from tasks.launch.launcher import Launcher, LaunchError
from tasks.launch.public_ports import PublicPorts
from tasks.launch.serving_release import release_to_launch
from tasks.ledger.connection import Ledger
from tasks.ledger.public_ports import PortOwner
from tasks.public_port_range import PublicPortRange
from tasks.release import Instance, InstanceState

FRONT = free_ports(10)
pytestmark = pytest.mark.integration
Make = Callable[..., Launcher]


@pytest.fixture
def public_ports(ledger: Ledger, tmp_path: Path) -> PublicPorts:
    """Give public ports with real slots."""
    span = PublicPortRange("127.0.0.1", FRONT, FRONT + 9)
    return PublicPorts(ledger, SlotRouter(tmp_path / "router"), PortOwner("demo", "dev"), span)


def ended(instance: Instance) -> detached.Ended:
    """Wait until it has ended, and return how."""
    deadline = time.monotonic() + 20
    while not isinstance(status := detached.status(instance.directory), detached.Ended):
        assert time.monotonic() < deadline, status
        time.sleep(0.01)
    return status


@pytest.mark.parametrize("restart", ["never", "on-failure"])
def test_a_job_that_ends_well_is_launched_and_left_alone(
    launcher_for: Make, public_ports: PublicPorts, ledger: Ledger, restart: str
) -> None:
    """Broken: a job fails its launch by doing its work, or does it again every five minutes."""
    launcher = launcher_for(command="true", web=False, restart=restart)
    launched = converge(launcher, launcher.build(""), public_ports)
    ended(launched.instances[0])
    assert gone(ledger) == []
    again = converge(launcher, release_to_launch(launcher, ""), public_ports)
    assert again.started == ()
    assert "0 started, 0 adopted, 0 stopped" in str(again)
    assert "web ran to the end and is not run again" in str(again)


@pytest.mark.parametrize(("restart", "comes_back"), [("never", False), ("always", True)])
def test_only_what_its_policy_wants_is_brought_back(
    launcher_for: Make, ledger: Ledger, restart: str, comes_back: bool
) -> None:
    """Broken: what was to run once runs again and again, or a service stays down."""
    launcher = launcher_for(command="sleep 600", web=False, restart=restart)
    started = launcher.mark(launcher.start(launcher.build("")), InstanceState.RUNNING)
    detached.stop(started[0].directory, 0)  # ended, and nobody has asked for it
    assert bool(gone(ledger)) == comes_back


def test_a_web_service_that_ended_well_is_started_again_by_a_launch(
    launcher_for: Make, public_ports: PublicPorts, tmp_path: Path
) -> None:
    """Broken: a launch fails for what ended before it, or says well and nothing answers."""
    stop = tmp_path / "stop"
    command = f"sh -c 'python3 server.py & until [ -e {stop} ]; do sleep 0.02; done; kill $!'"
    launcher = launcher_for(command=command, restart="on-failure")
    first = converge(launcher, launcher.build(""), public_ports)
    stop.touch()
    ended(first.instances[0])
    stop.unlink()
    again = converge(launcher, release_to_launch(launcher, ""), public_ports)
    assert (len(again.started), again.ended) == (1, ())
    assert detached.status(again.instances[0].directory).__class__ is detached.Running


def test_a_web_service_that_ends_is_not_well(launcher_for: Make, public_ports: PublicPorts) -> None:
    """Broken: traffic is sent to what has ended."""
    launcher = launcher_for(command="true", restart="never")
    with pytest.raises(LaunchError, match="ended: succeeded"):
        converge(launcher, launcher.build(""), public_ports)


def test_what_is_configured_otherwise_is_told(
    launcher_for: Make, public_ports: PublicPorts
) -> None:
    """Broken: `status` says all is well while another configuration serves."""
    launcher = launcher_for()
    (instance,) = converge(launcher, launcher.build(""), public_ports).instances
    assert drift(launcher) == ConfigurationDrift()
    changed = launcher_for(variables={"DEBUG": "1"}, replicas=2)
    assert drift(changed).differing == {instance.id: ("variables.DEBUG", "replicas")}
    converge(changed, release_to_launch(changed, ""), public_ports)
    assert drift(changed) == ConfigurationDrift()
