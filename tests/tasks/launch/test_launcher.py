"""Services run, are found again, and end, whatever was killed in between."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest

from blocks.providers.process import detached
from blocks.providers.process.detached import Running
from tasks.errors import BadInputError
from tasks.launch.kinds.procfile import ProcfileKind
from tasks.launch.launcher import Launcher, LaunchError
from tasks.ledger.connection import Ledger
from tasks.ledger.ports import ports
from tasks.ledger.releases import releases
from tasks.release import Instance, InstanceState

pytestmark = pytest.mark.integration
Make = Callable[..., Launcher]


def answer(instance: Instance) -> str:
    """Return what the service says."""
    url = f"http://{instance.host}:{instance.port}/health"
    return httpx.get(url, trust_env=False).raise_for_status().text


def running(instance: Instance) -> Running:
    """Return its process, which is expected to run."""
    status = detached.status(instance.directory)
    assert isinstance(status, Running)
    return status


def until(look: Callable[[], object]) -> None:
    """Return as soon as ``look`` gives something true."""
    deadline = time.monotonic() + 20
    while not look():
        assert time.monotonic() < deadline, "nothing came of it"
        time.sleep(0.01)


def launched(launcher: Launcher) -> list[Instance]:
    """Build and start, and wait until it is healthy."""
    instances = launcher.start(launcher.build(""))
    for health in launcher.healthy(instances, 20):
        assert health.ok, health.detail
    return instances


def test_every_replica_answers_with_its_variables(launcher_for: Make) -> None:
    """Broken: a service would not run, or not as it is configured."""
    launcher = launcher_for(replicas=2, variables={"GREETING": "from {{ replica }}"})
    assert [answer(instance) for instance in launched(launcher)] == ["one from 0", "one from 1"]
    assert launcher.data_folder.is_dir()


def test_starting_again_adopts_what_runs(launcher_for: Make) -> None:
    """Broken: every launch would start doubles."""
    first = launched(launcher_for())
    again = launched(launcher_for())
    assert [instance.id for instance in again] == [instance.id for instance in first]
    assert answer(first[0])


def test_launching_at_the_same_time_starts_once(launcher_for: Make, ledger: Ledger) -> None:
    """Broken: two flow runs of one project would collide."""
    launcher = launcher_for()
    release = launcher.build("")
    with ThreadPoolExecutor(4) as pool:
        ids = list(pool.map(lambda _: launcher.start(release)[0].id, range(4)))
    assert len(set(ids)) == 1
    assert len(ports(ledger)) == 1


def test_many_projects_get_ports_of_their_own(launcher_for: Make, ledger: Ledger) -> None:
    """Broken: two services would fight for a port."""
    launchers = [launcher_for(f"demo{number}") for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        instances = [instance for group in pool.map(launched, launchers) for instance in group]
    assert len({instance.port for instance in instances}) == 6
    assert len(ports(ledger)) == 6


def test_a_killed_service_comes_back_on_its_port(launcher_for: Make) -> None:
    """Broken: a crash would be an outage."""
    launcher = launcher_for()
    (instance,) = launched(launcher)
    os.kill(running(instance).child_pid or 0, signal.SIGKILL)
    until(lambda: running(instance).restarts)
    (health,) = launcher.healthy([instance], 20)
    assert health.ok, health.detail
    assert answer(instance).startswith("one")


def test_what_lost_its_shim_is_not_adopted_but_can_be_stopped(launcher_for: Make) -> None:
    """Broken: a service without a supervisor would be kept, or could not be ended."""
    launcher = launcher_for()
    (first,) = launched(launcher)
    os.kill(running(first).shim.pid, signal.SIGKILL)
    until(lambda: not running(first).supervised)
    (second,) = launched(launcher)
    assert second.id != first.id
    assert answer(second)
    launcher.stop([first], 0)
    assert isinstance(detached.status(first.directory), detached.Ended)
    with pytest.raises(httpx.ConnectError):
        answer(first)


def test_a_foreign_program_keeps_its_port(launcher_for: Make) -> None:
    """Broken: a service would fail on, or take over, a port that another program has."""
    launcher = launcher_for()
    first = launcher.ports[0]
    with socket.create_server(("127.0.0.1", first)):
        (instance,) = launched(launcher)
        assert instance.port == first + 1


def test_stop_ends_the_process_and_frees_the_port(launcher_for: Make, ledger: Ledger) -> None:
    """Broken: ports would run out, and stopped services go on."""
    launcher = launcher_for()
    (instance,) = launched(launcher)
    launcher.stop([instance], 2)
    with pytest.raises(httpx.ConnectError):
        answer(instance)
    assert ports(ledger) == []
    assert launcher.recorded() == []


def test_only_what_runs_is_live(launcher_for: Make) -> None:
    """Broken: a rollout would believe in a process that is gone."""
    launcher = launcher_for(restart="never")
    instances = launcher.mark(launched(launcher), InstanceState.RUNNING)
    assert launcher.live() == instances
    os.kill(running(instances[0]).child_pid or 0, signal.SIGKILL)
    until(lambda: not launcher.live())


def test_a_bad_variable_starts_nothing(launcher_for: Make, ledger: Ledger) -> None:
    """Broken: half of a project would run with half of its configuration."""
    launcher = launcher_for(variables={"A": "{{ nothing }}"})
    release = launcher.build("", serves=False)
    with pytest.raises(BadInputError, match=r"environments\.dev\.variables\.A"):
        launcher.start(release)
    assert (ports(ledger), launcher.recorded()) == ([], [])


def test_when_one_replica_cannot_start_none_is_left(
    launcher_for: Make, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: a failed launch would leave processes and ports behind."""
    launcher = launcher_for(replicas=2)
    release = launcher.build("")
    start = detached.start
    started: list[Path] = []

    def second_fails(spec: detached.ShimSpec, environment: dict[str, str]) -> None:
        if started:
            raise detached.ShimError("no more processes")
        started.append(spec.directory)
        start(spec, environment)

    monkeypatch.setattr(detached, "start", second_fails)
    with pytest.raises(LaunchError, match="no more processes"):
        launcher.start(release)
    commands = [
        " ".join(command.info["cmdline"] or []) for command in psutil.process_iter(["cmdline"])
    ]
    assert [command for command in commands if str(started[0]) in command] == []
    assert not started[0].exists()
    assert ports(ledger) == []


def test_old_releases_go_but_not_those_that_run(
    launcher_for: Make, ledger: Ledger, source: Path
) -> None:
    """Broken: the disk would fill, or a running service lose its files."""
    launcher = launcher_for()
    folder = launcher.home / "releases" / "demo"
    (instance,) = launched(launcher)
    for number in range(7):
        (source / "more").write_text(str(number))
        launcher.build("")
    on_disk = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    assert on_disk == {release.digest for release in releases(ledger, "demo")}
    assert len(on_disk) == 6
    assert instance.release in on_disk


@pytest.mark.parametrize(
    ("service", "field"),
    [({"command": ""}, "command: neither a Procfile"), ({"command": "x {{ prot }}"}, "cannot be")],
)
def test_what_cannot_start_is_refused_before_it_is_built(
    launcher_for: Callable[..., Launcher],
    service: dict[str, object],
    field: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Broken: minutes of building are wasted on a command that is missing or misspelt."""
    built: list[object] = []

    def build(*arguments: object) -> tuple[str, ...]:
        built.append(arguments)
        return ()

    monkeypatch.setattr(ProcfileKind, "build", build)
    launcher = launcher_for(**service)
    with pytest.raises(BadInputError, match=field):
        launcher.build("")
    assert built == []
    assert launcher.build("", serves=False).kind == "procfile"  # its workloads can be run
