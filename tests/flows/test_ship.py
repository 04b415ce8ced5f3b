"""Tests of `ship` with real builds, processes and rollouts: only what was tested serves."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prefect.logging import disable_run_logger
from prefect.utilities.annotations import BaseAnnotation

from benchmarks.free_ports import free_ports
from blocks.project_spec import ProjectSpec, ServiceSpec
from blocks.routers.slots import SlotRouter
from flows import ship
from flows.ship import Shipment
from flows.workload.job import Job, WorkloadEnd, WorkloadFailedError
from flows.workload.selection import chosen_workload
from tasks.deploy.deployer import Deployer
from tasks.launch import task as launching
from tasks.launch.instances.before import BeforeError
from tasks.launch.target import Target, launcher_of
from tasks.ledger.connection import Ledger
from tasks.ledger.instances import instances
from tasks.ledger.ports import ports
from tasks.observe.summary import WorkloadSummary
from tasks.release import InstanceState
from tasks.settings import settings

pytestmark = pytest.mark.integration

SERVER = """
import http.server, os, pathlib
PAGE = pathlib.Path("page.txt").read_bytes()
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Answer).serve_forever()
"""
GIT = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}


def _git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=T", "-c", "user.email=t@example.org")
    argv = ("git", *identity, *arguments)
    subprocess.run(argv, cwd=folder, env=os.environ | GIT, check=True, capture_output=True)


@dataclass
class World:
    """A project whose page says its version, and what stands in for tests and backup."""

    source: Path
    tracked: bool
    target: Target
    router: SlotRouter
    ledger: Ledger
    did: list[str] = field(default_factory=list)
    tested: list[str] = field(default_factory=list)
    seen_while_tested: list[tuple[int, int]] = field(default_factory=list)
    failures: tuple[tuple[str, str], ...] = ()
    moves_to: str = ""

    def write(self, page: str) -> None:
        """Bring the source to another version."""
        (self.source / "page.txt").write_text(page)
        if self.tracked:
            _git(self.source, "add", ".")
            _git(self.source, "commit", "--quiet", "--message", page)

    async def run_workload(self, job: Job, ledger: Ledger) -> WorkloadEnd:
        """Stand in for the tests of a release; note what ran meanwhile, and move the branch."""
        self.did.append("test")
        self.tested.append((job.release.source / "page.txt").read_text())
        routes = [port for port in self._fronts() if self.router.upstreams(port)]
        self.seen_while_tested.append((len(instances(ledger)), len(routes)))
        if self.moves_to:
            self.write(self.moves_to)
        summary = WorkloadSummary("tests", "", (), 1, 1, 1, "default", failures=self.failures)
        return WorkloadEnd(summary, ())

    async def take_snapshot(self, *_: object, **__: object) -> Any:
        """Stand in for a backup."""
        self.did.append("backup")
        return SimpleNamespace(id="s1", files=1, unverified=(), left_out=())

    async def load_providers(self, names: list[str]) -> dict[str, Any]:
        """Return none: nothing here looks at them."""
        return {}

    async def ship(self, version: str = "") -> Shipment:
        """Ship the project, by the tasks themselves."""
        selection = chosen_workload(self.target, "tests")
        shipment = Shipment(self.target, version or self.target.spec.version)
        nothing: Any = None
        with disable_run_logger():
            await ship._ship(shipment, self.router, selection, nothing, self.ledger)
        return shipment

    def pages(self) -> set[str]:
        """Return what every replica behind the public ports answers."""
        upstreams = [up for port in self._fronts() for up in self.router.upstreams(port)]
        return {_page(upstream) for upstream in upstreams}

    def _fronts(self) -> range:
        return range(settings().router_port, settings().router_port + settings().router_slots)


def _page(upstream: str) -> str:
    with urllib.request.urlopen(f"http://{upstream}/", timeout=10) as answer:
        content: bytes = answer.read()
        return content.decode()


def _direct(function: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Return what a task does, without the engine around it."""

    async def call(*arguments: Any, wait_for: object = None, **options: Any) -> Any:
        plain = [
            argument.unwrap() if isinstance(argument, BaseAnnotation) else argument
            for argument in arguments
        ]
        return await function(*plain, **options)

    return call


@pytest.fixture
def home(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give that home, with ports of its own."""
    first = free_ports(60)
    for name, value in {
        "ROUTER_PORT": first,
        "ROUTER_SLOTS": 4,
        "SERVICE_PORT_LOW": first + 10,
        "SERVICE_PORT_HIGH": first + 59,
    }.items():
        monkeypatch.setenv(f"SLIPWAY_{name}", str(value))
    settings.cache_clear()
    return home


of_every_source = pytest.mark.parametrize(
    "world", ["folder", "git folder", "git url", "git branch"], indirect=True
)


@pytest.fixture
def world(
    request: pytest.FixtureRequest,
    home: Path,
    home_ledger: Ledger,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[World]:
    """Give a project; of its kinds of source only `git branch` names a version."""
    how = getattr(request, "param", "git branch")
    source = tmp_path / "source"
    source.mkdir()
    (source / "server.py").write_text(SERVER)
    if how != "folder":
        _git(source, "init", "--quiet", "--initial-branch", "trunk")
    service = ServiceSpec(command=f"{sys.executable} server.py", drain_seconds=0.5)
    spec = ProjectSpec(
        source=source.as_uri() if how in {"git url", "git branch"} else str(source),
        version="trunk" if how == "git branch" else "",
        kind="procfile",
        services={"web": service},
        workloads={"tests": {"kind": "steps", "steps": [{"id": "a", "run": "true"}]}},
    )
    target = Target("paper", spec, "dev")
    world = World(source, how != "folder", target, SlotRouter(home / "router"), home_ledger)
    world.write("one")
    for name in ("run_workload", "take_snapshot", "load_providers"):
        monkeypatch.setattr(ship, name, getattr(world, name))
    builds = SimpleNamespace(
        build=_direct(launching.build.fn),
        launch=_direct(launching.launch.fn),
        revive=_direct(launching.revive.fn),
    )
    monkeypatch.setattr(ship, "launching", builds)
    monkeypatch.setattr(ship, "deploying", SimpleNamespace(deploy=_direct(_deployed)))
    yield world
    launcher = launcher_of(target, home_ledger)
    launcher.stop(launcher.recorded(), 0)


async def _deployed(deployer: Deployer, *what: Any) -> Any:
    """Deploy as the task does, without its artifacts, which need a server."""
    return deployer.deploy(*what)


@of_every_source
async def test_what_was_tested_serves_although_the_source_moved(world: World) -> None:
    """Broken: the branch is resolved again after the tests, and what nobody tested serves."""
    world.moves_to = "two"
    shipment = await world.ship()
    assert world.tested == ["one"]
    assert world.pages() == {"one"}
    assert {argument.release for argument in instances(world.ledger)} == {shipment.release}


@of_every_source
async def test_the_next_ship_takes_the_source_as_it_is_now(world: World) -> None:
    """Broken: without a version what serves already is tested and deployed again."""
    await world.ship()
    world.write("two")
    await world.ship()
    assert world.tested == ["one", "two"]
    assert world.pages() == {"two"}


async def test_nothing_runs_before_the_first_version_is_tested(world: World) -> None:
    """Broken: the first version of all gets traffic first, and is tested then."""
    await world.ship()
    assert world.seen_while_tested == [(0, 0)]


async def test_a_first_version_that_fails_its_tests_leaves_nothing(world: World) -> None:
    """Broken: a version whose tests fail goes on serving, as there is no former one."""
    world.failures = (("t::a", "assert 0"),)
    with pytest.raises(WorkloadFailedError):
        await world.ship()
    alive = frozenset(InstanceState) - {InstanceState.STOPPED, InstanceState.FAILED}
    assert instances(world.ledger, states=alive) == []
    assert ports(world.ledger) == []
    assert world.pages() == set()


async def test_failed_tests_leave_what_serves_alone(world: World) -> None:
    """Broken: a version whose tests fail gets the traffic of the one before."""
    await world.ship()
    world.write("two")
    world.failures = (("t::a", "assert 0"),)
    with pytest.raises(WorkloadFailedError):
        await world.ship()
    assert world.pages() == {"one"}


async def test_what_comes_before_runs_once_and_its_failure_switches_nothing(
    world: World, home: Path
) -> None:
    """Broken: a version meets data that was not migrated, or is migrated by each launch."""
    ran = home / "data" / "paper" / "dev" / "ran"
    before = ["cat page.txt >> {{ data }}/ran; echo >> {{ data }}/ran", "! grep -q bad page.txt"]
    spec = world.target.spec.model_copy(update={"before": before})
    world.target = replace(world.target, spec=spec)
    await world.ship()
    await world.ship()
    assert ran.read_text().split() == ["one"]
    world.write("bad")
    with pytest.raises(BeforeError, match=r"before\[1\]"):
        await world.ship()
    assert world.pages() == {"one"}
    assert ran.read_text().split() == ["one", "bad"]


async def test_data_is_backed_up_between_tests_and_deploy(world: World) -> None:
    """Broken: the new version meets data of which there is no copy; or an empty one is taken."""
    shipment = await world.ship()
    assert world.did == ["test"]
    assert [part for part, _, outcome in shipment.parts if outcome == "done"] == [
        "build",
        "split, distribute, allocate, run",
        "deploy",
    ]
    world.did.clear()
    await world.ship()
    assert world.did == ["test", "backup"]


async def test_data_that_waits_for_a_first_version_is_backed_up(world: World, home: Path) -> None:
    """Broken: a project that was stopped, or restored, loses what it has to its next version."""
    data = home / "data" / "paper" / "dev"
    data.mkdir(parents=True)
    (data / "letters.db").write_text("dear reader")
    await world.ship()
    assert world.did == ["test", "backup"]
