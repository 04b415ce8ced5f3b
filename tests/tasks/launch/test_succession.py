"""Of two who work on one place at once, the later one's work stays, and the other one says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from blocks.providers.process import detached
from tasks.deploy.deployer import Deployer, Pace
from tasks.deploy.target import DeployTarget
from tasks.errors import BusyError
from tasks.launch import convergence
from tasks.launch.convergence import Launched, converge, shut_down
from tasks.launch.launcher import Launcher, LaunchError
from tasks.launch.public_ports import PublicPorts
from tasks.launch.succession import overtaken, replaced, started_since
from tasks.ledger.connection import Ledger
from tasks.ledger.ports import ports
from tasks.ledger.rollouts import begin_rollout
from tasks.release import InstanceState
from tests.tasks.launch.test_convergence import FRONT, answers, public_ports_for

pytestmark = pytest.mark.integration
Make = Callable[..., Launcher]


@pytest.fixture
def public_ports(ledger: Ledger) -> PublicPorts:
    """Give public ports."""
    return public_ports_for(ledger)


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Give what has something happen once while the next launch waits for health."""

    def arrange(happens: Callable[[], object]) -> None:
        looks = convergence._require_health

        def look(*arguments: object) -> None:
            monkeypatch.setattr(convergence, "_require_health", looks)
            happens()
            looks(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(convergence, "_require_health", look)

    return arrange


def _write(source: Path, version: str) -> None:
    server = source / "server.py"
    lines = server.read_text().splitlines()
    changed = [f'VERSION = "{version}"' if line.startswith("VERSION") else line for line in lines]
    server.write_text("\n".join(changed))


def _deployer(launcher: Launcher, public_ports: PublicPorts) -> Deployer:
    """Return what deploys there: with the same public ports, and without a pause."""
    place = DeployTarget(launcher.project, launcher.environment, "127.0.0.1", FRONT, 10)
    pace = Pace(in_a_row=1, pause_seconds=0.0, drain_seconds=0.0, grace_seconds=2)
    owner = detached.own_identity().encode()
    return Deployer(launcher.ledger, launcher, public_ports.router, place, owner, pace=pace)


def _served(launcher: Launcher) -> int:
    return sum(instance.state is InstanceState.RUNNING for instance in launcher.recorded())


@pytest.mark.parametrize("served", [True, False], ids=["beside what serves", "the first"])
def test_a_launch_gives_way_to_one_that_began_later(
    launcher_for: Make,
    public_ports: PublicPorts,
    source: Path,
    meanwhile: Callable[..., None],
    served: bool,
) -> None:
    """Broken: the older of two launches takes the traffic back, and both are left running."""
    launcher = launcher_for()
    if served:
        converge(launcher, launcher.build(""), public_ports)
    _write(source, "two")
    older = launcher.build("")
    _write(source, "three")
    newer = launcher.build("")
    meanwhile(lambda: converge(launcher, newer, public_ports))
    with pytest.raises(LaunchError, match=f"{older.version}(.|\n)*{newer.version}"):
        converge(launcher, older, public_ports)
    assert answers(public_ports) == ["three "]
    assert _served(launcher) == len(launcher.recorded()) == 1


def test_a_launch_replaces_what_was_brought_back_meanwhile(
    launcher_for: Make, public_ports: PublicPorts, source: Path, meanwhile: Callable[..., None]
) -> None:
    """Broken: a service that dies while its successor starts keeps that from being launched."""
    launcher = launcher_for()
    first = converge(launcher, launcher.build(""), public_ports)
    _write(source, "two")

    def die() -> None:
        """Have what serves die, and be brought back."""
        detached.stop(first.instances[0].directory, 0)
        convergence.revive(launcher, public_ports)

    meanwhile(die)
    converge(launcher, launcher.build(""), public_ports)
    assert answers(public_ports) == ["two "]
    assert _served(launcher) == len(launcher.recorded()) == 1


def test_two_launches_of_the_same_share_their_work(
    launcher_for: Make, public_ports: PublicPorts, meanwhile: Callable[..., None]
) -> None:
    """Broken: launching the same twice at once makes one of them fail."""
    launcher = launcher_for()
    release = launcher.build("")
    others: list[Launched] = []
    meanwhile(lambda: others.append(converge(launcher, release, public_ports)))
    launched = converge(launcher, release, public_ports)
    assert launched.instances == others[0].instances
    assert answers(public_ports) == ["one "]
    assert overtaken(launcher.ledger, launched.instances) == ""


def test_a_launch_leaves_the_traffic_to_a_deploy_that_began_meanwhile(
    launcher_for: Make, public_ports: PublicPorts, meanwhile: Callable[..., None], ledger: Ledger
) -> None:
    """Broken: launch and deploy each leave a version running, and one of them gets nothing."""
    launcher = launcher_for()
    meanwhile(lambda: begin_rollout(ledger, "demo", "dev", "me", {}, 0, 15, lambda _: True))
    with pytest.raises(BusyError, match="a rollout is at"):
        converge(launcher, launcher.build(""), public_ports)
    assert launcher.recorded() == []


def test_a_launch_gives_way_to_a_rollback_that_was_done_meanwhile(
    launcher_for: Make, public_ports: PublicPorts, source: Path, meanwhile: Callable[..., None]
) -> None:
    """Broken: who rolls back in need gets the new version a moment later all the same."""
    launcher = launcher_for()
    deployer = _deployer(launcher, public_ports)
    deployer.deploy("")
    _write(source, "two")
    deployer.deploy("")
    _write(source, "three")
    meanwhile(deployer.rollback)
    with pytest.raises(LaunchError, match="began later"):
        converge(launcher, launcher.build(""), public_ports)
    assert answers(public_ports) == ["one "]
    assert _served(launcher) == 1


@pytest.mark.parametrize("served", [True, False], ids=["beside what serves", "the first"])
def test_a_launch_gives_way_to_a_deploy_that_was_done_meanwhile(
    launcher_for: Make,
    public_ports: PublicPorts,
    source: Path,
    meanwhile: Callable[..., None],
    served: bool,
) -> None:
    """Broken: a launch that waited for health takes the traffic from what was deployed since."""
    launcher = launcher_for()
    deployed = launcher.build("")
    if served:
        converge(launcher, deployed, public_ports)
    _write(source, "two")
    meanwhile(lambda: _deployer(launcher, public_ports).deploy(deployed))
    with pytest.raises(LaunchError, match="began later"):
        converge(launcher, launcher.build(""), public_ports)
    assert answers(public_ports) == ["one "]
    assert _served(launcher) == len(launcher.recorded()) == 1
    (public_port,) = [
        lease for lease in ports(launcher.ledger) if lease.owner == "front/demo/dev/web"
    ]
    assert (public_port.port, public_port.released_at) == (FRONT, None)


def test_a_launch_gives_way_to_a_stop_that_came_before_it_started_anything(
    launcher_for: Make, public_ports: PublicPorts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: what was stopped while a launch prepared itself serves again afterwards."""
    launcher = launcher_for()
    monkeypatch.setattr(Launcher, "prepare", lambda *_given: shut_down(launcher, public_ports, 0))
    with pytest.raises(LaunchError, match="was stopped while it was being launched"):
        converge(launcher, launcher.build(""), public_ports)
    assert launcher.recorded() == []
    assert answers(public_ports) == []


def test_what_is_brought_back_gives_way_to_a_launch_that_was_done_meanwhile(
    launcher_for: Make, public_ports: PublicPorts, source: Path, meanwhile: Callable[..., None]
) -> None:
    """Broken: a revival takes the traffic from the version that was launched since."""
    launcher = launcher_for()
    first = converge(launcher, launcher.build(""), public_ports)
    detached.stop(first.instances[0].directory, 0)
    _write(source, "two")
    newer = launcher.build("")
    meanwhile(lambda: converge(launcher, newer, public_ports))
    with pytest.raises(LaunchError, match="began later"):
        convergence.revive(launcher, public_ports)
    assert answers(public_ports) == ["two "]
    assert _served(launcher) == len(launcher.recorded()) == 1


def test_what_was_replaced_or_stopped_since_says_so(
    launcher_for: Make, public_ports: PublicPorts, source: Path
) -> None:
    """Broken: a run whose work was undone before its end is completed like any other."""
    launcher = launcher_for()
    first = converge(launcher, launcher.build(""), public_ports)
    assert overtaken(launcher.ledger, first.instances) == ""
    _write(source, "two")
    second = converge(launcher, launcher.build(""), public_ports)
    message = overtaken(launcher.ledger, first.instances)
    assert second.release.version in message
    assert "replaced" in message
    where = (launcher.ledger, "demo", "dev")
    assert "replaced" in replaced(*where, first.release.digest, "1")
    assert replaced(*where, second.release.digest, "2") == ""
    assert second.release.version in started_since(*where)
    shut_down(launcher, public_ports, 0)
    assert started_since(*where) == ""
    assert "stopped" in overtaken(launcher.ledger, second.instances)
