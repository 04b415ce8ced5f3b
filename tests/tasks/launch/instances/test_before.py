"""What comes before a release serves: once, under limits, and nothing serves where it fails."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from benchmarks.free_ports import free_ports
from blocks.providers.process import detached
from blocks.routers.slots import SlotRouter
from tasks.cancellation import in_thread
from tasks.launch.convergence import converge
from tasks.launch.instances.before import BeforeError
from tasks.launch.launcher import Launcher
from tasks.launch.public_ports import PublicPorts
from tasks.ledger.connection import Ledger, open_ledger
from tasks.ledger.instances import instances
from tasks.ledger.public_ports import PortOwner
from tasks.ledger.releases import forget_release, record_release
from tasks.public_port_range import PublicPortRange

pytestmark = pytest.mark.integration
Make = Callable[..., Launcher]
FRONT = free_ports(10)


@pytest.fixture
def public_ports(ledger: Ledger, tmp_path: Path) -> PublicPorts:
    """Give public ports with real slots."""
    span = PublicPortRange("127.0.0.1", FRONT, FRONT + 9)
    return PublicPorts(ledger, SlotRouter(tmp_path / "router"), PortOwner("demo", "dev"), span)


def _before(launcher: Launcher, *commands: str, seconds: float = 60) -> Launcher:
    update = {"before": list(commands), "before_timeout_seconds": seconds}
    return replace(launcher, spec=launcher.spec.model_copy(update=update))


def _lines(launcher: Launcher, name: str = "ran") -> list[str]:
    path = launcher.data_folder / name
    return path.read_text().splitlines() if path.exists() else []


def _until(look: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not look():
        assert time.monotonic() < deadline, "nothing came of it"
        time.sleep(0.01)


def test_it_runs_once_a_release_with_the_variables_of_its_environment(
    launcher_for: Make, public_ports: PublicPorts
) -> None:
    """Broken: migrations do not run, run at each launch, or on another environment's database."""
    launcher = _before(
        launcher_for(variables={"GREETING": "dear {{ environment }}"}),
        'echo "$GREETING, $SECRET, $(cat server.py | wc -l)" >> {{ data }}/ran',
    )
    release = launcher.build("")
    converge(launcher, release, public_ports)
    launcher.stop(launcher.recorded(), 0)
    converge(launcher, release, public_ports)
    lines = (release.source / "server.py").read_text().count("\n")
    assert _lines(launcher) == [f"dear dev, hunter2, {lines}"]
    prod = replace(launcher, environment="prod", variables={"GREETING": "dear prod"})
    converge(prod, release, replace(public_ports, place=PortOwner("demo", "prod")))
    prod.stop(prod.recorded(), 0)
    assert _lines(prod) == [f"dear prod, hunter2, {lines}"]


def test_what_fails_starts_nothing_and_says_its_last_lines(
    launcher_for: Make, public_ports: PublicPorts
) -> None:
    """Broken: the new version meets a database that was not migrated, or nobody learns why."""
    launcher = _before(
        launcher_for(),
        "echo one >> {{ data }}/ran",
        'echo "no such table for $SECRET"\nfalse\necho "went on" >> {{ data }}/ran',
        "echo three >> {{ data }}/ran",
    )
    with pytest.raises(BeforeError) as raised:
        converge(launcher, launcher.build(""), public_ports)
    message = str(raised.value)
    assert "projects.demo.before[1]" in message
    assert "exit code 1" in message
    assert "no such table for ***" in message
    assert instances(launcher.ledger) == []
    assert _lines(launcher) == ["one"]


def test_what_failed_is_repeated_and_what_succeeded_is_not(
    launcher_for: Make, public_ports: PublicPorts
) -> None:
    """Broken: a release whose migration failed once can never be launched, or migrates twice."""
    launcher = _before(
        launcher_for(), "echo one >> {{ data }}/ran", "test -e {{ data }}/mended || exit 3"
    )
    release = launcher.build("")
    with pytest.raises(BeforeError, match="exit code 3"):
        converge(launcher, release, public_ports)
    (launcher.data_folder / "mended").touch()
    assert converge(launcher, release, public_ports).started
    assert _lines(launcher) == ["one"]


def test_what_serves_goes_on_when_its_successor_cannot_begin(
    launcher_for: Make, public_ports: PublicPorts, source: Path
) -> None:
    """Broken: a failed migration takes the version that served off the air."""
    launcher = launcher_for()
    served = converge(launcher, launcher.build(""), public_ports)
    (source / "extra").touch()
    failing = _before(launcher, "exit 9")
    with pytest.raises(BeforeError):
        converge(failing, failing.build(""), public_ports)
    assert [instance.id for instance in launcher.live()] == [
        instance.id for instance in served.instances
    ]


def test_a_release_that_serves_is_launched_again_without_it(
    launcher_for: Make, public_ports: PublicPorts
) -> None:
    """Broken: whatever revives a dead service runs its migrations."""
    launcher = launcher_for()
    release = launcher.build("")
    converge(launcher, release, public_ports)
    later = _before(launcher, "echo late >> {{ data }}/ran")
    converge(later, release, public_ports)
    converge(later, release, public_ports, fresh=True)
    assert _lines(later) == []


def test_its_time_is_limited(launcher_for: Make, public_ports: PublicPorts) -> None:
    """Broken: a migration that waits for a lock holds up a deploy for ever."""
    launcher = _before(launcher_for(), "echo waiting; sleep 600", seconds=0.5)
    with pytest.raises(BeforeError, match=r"0\.5 s(.|\n)*waiting"):
        converge(launcher, launcher.build(""), public_ports)


@pytest.mark.parametrize(
    "ends", ["before the next launch", "during the next launch", "after its deploy was taken back"]
)
def test_one_whose_launch_was_killed_is_waited_for_and_not_run_twice(
    launcher_for: Make, public_ports: PublicPorts, tmp_path: Path, ends: str
) -> None:
    """Broken: two migrations of one release run at the same time after a crash."""
    launcher = _before(
        launcher_for(),
        "echo ran >> {{ data }}/ran; until [ -e {{ data }}/go ]; do sleep 0.02; done",
    )
    release = launcher.build("")
    child = os.fork()
    if child == 0:
        own = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
        replace(launcher, ledger=own).prepare(release)
        os._exit(0)
    _until(lambda: _lines(launcher))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    (launcher.data_folder / "go").touch()
    if ends == "after its deploy was taken back":
        forget_release(launcher.ledger, release.project, release.digest)
        record_release(launcher.ledger, release)
    if ends == "before the next launch":
        [folder] = (launcher.home / "instances").glob("*-before-*[0-9a-f]")
        _until(lambda: isinstance(detached.status(folder), detached.Ended))
    converge(launcher, release, public_ports)
    assert _lines(launcher) == ["ran"]


@pytest.mark.parametrize("killed", [False, True])
def test_nobody_removes_the_tree_it_runs_in(
    launcher_for: Make, public_ports: PublicPorts, source: Path, tmp_path: Path, *, killed: bool
) -> None:
    """Broken: of two launches at once, the second leaves the first one's migrations half done."""
    waits = "echo one >> {{ data }}/ran; until [ -e {{ data }}/go ]; do sleep 0.02; done"
    launcher = _before(launcher_for(), waits, "cat server.py; echo two >> {{ data }}/ran")
    release = launcher.build("")
    child = os.fork()
    if child == 0:
        own = replace(launcher, ledger=open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}"))
        own.prepare(release)
        os._exit(0)
    _until(lambda: _lines(launcher))
    if killed:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    (source / "another").touch()
    other = _before(launcher_for())
    converge(other, other.build(""), public_ports)
    tree = launcher.trees.folder / release.digest
    assert (tree / "source/server.py").is_file()
    (launcher.data_folder / "go").touch()
    if killed:
        launcher.prepare(release)
    else:
        assert os.waitpid(child, 0)[1] == 0
    assert _lines(launcher) == ["one", "two"]
    converge(other, other.build(""), public_ports)
    other.as_served(other.build(""))
    assert not tree.exists()


async def test_one_whose_run_is_cancelled_ends_with_it(
    launcher_for: Make, public_ports: PublicPorts, tmp_path: Path
) -> None:
    """Broken: a migration nobody wants any more goes on unseen, with nobody to tell its end."""
    mark = tmp_path / "began"
    launcher = _before(launcher_for(), f"touch {mark}; sleep 600; echo on >> {{{{ data }}}}/ran")
    release = launcher.build("")
    launching = asyncio.create_task(in_thread(lambda: converge(launcher, release, public_ports)))
    while not mark.exists():  # noqa: ASYNC110 - another process makes it
        await asyncio.sleep(0.01)
    launching.cancel()
    async with asyncio.timeout(60):
        with pytest.raises(asyncio.CancelledError):
            await launching
    (folder,) = (launcher.home / "instances").glob("*-before-*")
    assert isinstance(detached.status(folder), detached.Ended)
    assert not [
        process for process in psutil.process_iter(["cmdline"]) if str(mark) in str(process.info)
    ]
    assert (launcher.recorded(), _lines(launcher)) == ([], [])
    converge(_before(launcher, "echo again >> {{ data }}/ran"), release, public_ports)
    assert _lines(launcher) == ["again"]


def test_the_release_line_of_a_procfile_is_no_service(
    launcher_for: Make, public_ports: PublicPorts, source: Path
) -> None:
    """Broken: a migration is run over and over as if it were a service."""
    line = 'release: sh -c "echo $GREETING >> $RAN"\n'
    (source / "Procfile").write_text(f"web: python3 server.py\n{line}")
    launcher = launcher_for(variables={"GREETING": "hello", "RAN": "{{ data }}/ran"})
    launcher = replace(launcher, spec=launcher.spec.model_copy(update={"services": {}}))
    launched = converge(launcher, launcher.build(""), public_ports)
    assert [instance.service for instance in launched.instances] == ["web"]
    assert _lines(launcher) == ["hello"]


def test_a_template_that_cannot_be_filled_in_is_found_first(
    launcher_for: Make, public_ports: PublicPorts
) -> None:
    """Broken: the first command has run when the second turns out to be a mistake."""
    launcher = _before(launcher_for(), "echo one >> {{ data }}/ran", "echo {{ databse }}")
    with pytest.raises(Exception, match=r"projects\.demo\.before\[1\].*databse"):
        converge(launcher, launcher.build(""), public_ports)
    assert _lines(launcher) == []
