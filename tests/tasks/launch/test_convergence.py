"""What is wanted serves behind its public port; what was wanted before does not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import httpx
import pytest

from benchmarks.free_ports import free_ports
from blocks.providers.process import detached
from tasks.errors import BadInputError, BusyError
from tasks.launch.convergence import converge, shut_down
from tasks.launch.launcher import Launcher, LaunchError
from tasks.launch.public_ports import PublicPorts
from tasks.launch.serving_release import release_to_launch, serving_release
from tasks.ledger.connection import Ledger
from tasks.ledger.ports import ports
from tasks.ledger.public_ports import PortOwner
from tasks.ledger.rollouts import begin_rollout
from tasks.presence import is_running
from tasks.public_port_range import PublicPortRange
from tasks.release import InstanceState

FRONT = free_ports(10)
pytestmark = pytest.mark.integration
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


def public_ports_for(ledger: Ledger, project: str = "demo", count: int = 10) -> PublicPorts:
    """Return the public ports of a project, of a router that has ``count``."""
    span = PublicPortRange("127.0.0.1", FRONT, FRONT + count - 1)
    return PublicPorts(ledger, Table(), PortOwner(project, "dev"), span)


@pytest.fixture
def public_ports(ledger: Ledger) -> PublicPorts:
    """Give public ports."""
    return public_ports_for(ledger)


def answers(public_ports: PublicPorts) -> list[str]:
    """Return what each upstream of the public port answers."""
    urls = [f"http://{address}/health" for address in public_ports.router.upstreams(FRONT)]
    return [httpx.get(url, trust_env=False).text for url in urls]


def test_a_launch_serves_and_another_changes_nothing(
    launcher_for: Make, public_ports: PublicPorts
) -> None:
    """Broken: launching twice would restart a service."""
    launcher = launcher_for(replicas=2)
    first = converge(launcher, launcher.build(""), public_ports)
    again = converge(launcher, launcher.build(""), public_ports)
    assert first.urls == {"web": f"http://127.0.0.1:{FRONT}"}
    assert (len(first.started), again.started, again.stopped) == (2, (), ())
    assert answers(public_ports) == ["one ", "one "]
    assert serving_release(launcher).digest == first.release.digest


def test_another_version_replaces_what_served(
    launcher_for: Make, public_ports: PublicPorts, source: Path
) -> None:
    """Broken: two versions would serve at once, or the old one for ever."""
    launcher = launcher_for()
    first = converge(launcher, launcher.build(""), public_ports)
    server = source / "server.py"
    server.write_text(server.read_text().replace('"one"', '"two"'))
    second = converge(launcher, launcher.build(""), public_ports)
    assert second.stopped == first.started
    assert answers(public_ports) == ["two "]
    assert isinstance(detached.status(first.instances[0].directory), detached.Ended)


def test_what_died_comes_back_at_its_version(
    launcher_for: Make, public_ports: PublicPorts, source: Path
) -> None:
    """Broken: reviving a service after a reboot would bring another version."""
    launcher = launcher_for()
    first = converge(launcher, release_to_launch(launcher, ""), public_ports)
    (source / "changed").touch()
    detached.stop(first.instances[0].directory, 0)
    second = converge(launcher, release_to_launch(launcher, ""), public_ports)
    assert second.release == first.release
    assert second.stopped == first.started
    assert answers(public_ports) == ["one "]


def test_a_release_kept_warm_is_left_alone(launcher_for: Make, public_ports: PublicPorts) -> None:
    """Broken: a launch would take the way back from a rollout."""
    launcher = launcher_for()
    first = converge(launcher, launcher.build(""), public_ports)
    launcher.mark(first.instances, InstanceState.WARM)
    second = converge(launcher, launcher.build(""), public_ports)
    assert (len(second.started), second.stopped) == (1, ())
    assert is_running(first.instances[0])


def test_fresh_processes_see_new_variables(launcher_for: Make, public_ports: PublicPorts) -> None:
    """Broken: a changed variable would never reach a service."""
    launcher = launcher_for()
    release = launcher.build("")
    converge(launcher, release, public_ports)
    changed = launcher_for(variables={"GREETING": "again"})
    assert len(converge(changed, release, public_ports, fresh=True).stopped) == 1
    assert answers(public_ports) == ["one again"]


def test_what_never_becomes_healthy_leaves_nothing(
    launcher_for: Make, public_ports: PublicPorts, ledger: Ledger
) -> None:
    """Broken: a failed launch leaves processes and ports, shows a secret, or seems an outage."""
    good = launcher_for()
    converge(good, good.build(""), public_ports)
    bad = launcher_for(command="sh -c 'echo token $SECRET; exit 3'", restart="never")
    with pytest.raises(
        LaunchError, match=r"ended: exit code 3\n.*\ntoken \*{3}\n.* still serves\.$"
    ):
        converge(bad, bad.build(""), public_ports, fresh=True)
    assert answers(public_ports) == ["one "]
    assert len(good.recorded()) == 1
    assert len(ports(ledger)) == 2


def test_a_service_that_never_answers_is_given_up(
    launcher_for: Make, public_ports: PublicPorts
) -> None:
    """Broken: a launch would wait for ever."""
    launcher = launcher_for(command="sleep 600", health_timeout_seconds=0.3)
    with pytest.raises(
        LaunchError, match=r"not healthy in time: GET http.*refused(.|\n)*\(it wrote nothing\)"
    ):
        converge(launcher, launcher.build(""), public_ports)
    assert launcher.recorded() == []


def test_a_crash_loop_is_not_healthy(launcher_for: Make, public_ports: PublicPorts) -> None:
    """Broken: a service that crashes at once would be waited for until the time-out."""
    launcher = launcher_for(command="sh -c 'echo Traceback; exit 1'")
    with pytest.raises(LaunchError, match=r"keeps ending(.|\n)*Traceback"):
        converge(launcher, launcher.build(""), public_ports)


def test_a_worker_without_a_port_is_healthy_when_it_stays(
    launcher_for: Make, public_ports: PublicPorts
) -> None:
    """Broken: a project with a queue worker could not be launched."""
    launcher = launcher_for(command="sleep 600", web=False)
    launched = converge(launcher, launcher.build(""), public_ports)
    assert (launched.urls, launched.instances[0].port) == ({}, None)


def test_stop_ends_all_and_takes_the_route_away(
    launcher_for: Make, public_ports: PublicPorts, ledger: Ledger
) -> None:
    """Broken: users would be sent to a port that nobody, or a stranger, listens on."""
    launcher = launcher_for(replicas=2)
    converge(launcher, launcher.build(""), public_ports)
    assert len(shut_down(launcher, public_ports, 2)) == 2
    assert answers(public_ports) == []
    assert [lease.owner for lease in ports(ledger)] == ["front/demo/dev/web"]
    with pytest.raises(BadInputError, match="nothing of it runs in dev"):
        serving_release(launcher)


def test_a_rollout_is_not_interfered_with(
    launcher_for: Make, public_ports: PublicPorts, ledger: Ledger
) -> None:
    """Broken: a launch would stop what a deploy has just started."""
    launcher = launcher_for()
    release = launcher.build("")
    begin_rollout(ledger, "demo", "dev", "me", {}, 0, 15, lambda _: True)
    with pytest.raises(BusyError, match="a rollout is at"):
        converge(launcher, release, public_ports)
    with pytest.raises(BusyError):
        shut_down(launcher, public_ports, 0)


def test_a_launch_without_a_public_port_starts_and_leaves_nothing(
    launcher_for: Make, ledger: Ledger, tmp_path: Path
) -> None:
    """Broken: a launch that fails for want of a port would leave its processes running."""
    first, second = launcher_for(), launcher_for("other")
    converge(first, first.build(""), public_ports_for(ledger, count=1))
    with pytest.raises(BusyError, match="lead to demo/dev/web"):
        converge(second, second.build(""), public_ports_for(ledger, "other", count=1))
    assert second.recorded() == []
    assert not list((tmp_path / "home" / "instances").glob("other-*"))
    assert {lease.owner.split("-")[0] for lease in ports(ledger)} == {
        "front/demo/dev/web",
        "instance/demo",
    }
    shut_down(first, public_ports_for(ledger, count=1), 0)
    launched = converge(second, second.build(""), public_ports_for(ledger, "other", count=1))
    assert launched.urls == {"web": f"http://127.0.0.1:{FRONT}"}


def test_a_launch_that_fails_gives_its_public_port_back(
    launcher_for: Make, public_ports: PublicPorts, ledger: Ledger
) -> None:
    """Broken: launches that fail would use up the public ports."""
    bad = launcher_for(command="sh -c 'exit 3'", restart="never")
    with pytest.raises(LaunchError):
        converge(bad, bad.build(""), public_ports)
    assert ports(ledger) == []


def test_a_service_moves_to_the_port_it_is_given(
    launcher_for: Make, public_ports: PublicPorts
) -> None:
    """Broken: a pinned port would be ignored, or the former one lead to a stranger one day."""
    launcher = launcher_for()
    release = launcher.build("")
    converge(launcher, release, public_ports)
    pinned = launcher_for(port=FRONT + 5)
    assert converge(pinned, release, public_ports).urls == {"web": f"http://127.0.0.1:{FRONT + 5}"}
    assert public_ports.router.upstreams(FRONT) == ()
    assert len(public_ports.router.upstreams(FRONT + 5)) == 1


def test_a_version_that_the_old_one_locks_out_is_told_why(
    launcher_for: Make, public_ports: PublicPorts, source: Path, tmp_path: Path
) -> None:
    """Broken: an exclusive lock of what serves is told as a health path to mend."""
    lock = tmp_path / "exclusive.lock"
    launcher = launcher_for(command=f"flock --nonblock --verbose {lock} python3 server.py")
    converge(launcher, launcher.build(""), public_ports)
    (source / "more.txt").touch()
    with pytest.raises(LaunchError, match="a lock that another process holds") as caught:
        converge(launcher, launcher.build(""), public_ports)
    assert "`stop` it, then `launch`" in str(caught.value)
    assert answers(public_ports) == ["one "]


def test_a_version_that_waits_for_a_lock_is_told_why(
    launcher_for: Make, public_ports: PublicPorts, source: Path, tmp_path: Path
) -> None:
    """Broken: one that retries for ever is told that it listens nowhere."""
    lock = tmp_path / "exclusive.lock"
    waits = f"until flock -n {lock} python3 server.py; do echo database is locked; sleep 0.1; done"
    launcher = launcher_for(command=waits, health_timeout_seconds=3)
    converge(launcher, launcher.build(""), public_ports)
    (source / "more.txt").touch()
    with pytest.raises(LaunchError, match="a lock that another process holds") as caught:
        converge(launcher, launcher.build(""), public_ports)
    assert "listens on" not in str(caught.value)
