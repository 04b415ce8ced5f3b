"""Tests of the resident reconciler."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import pytest

from benchmarks.free_ports import free_ports
from blocks.providers.interface import Resources
from blocks.providers.process import detached
from blocks.routers.slots import SlotRouter
from stack.api import SlipwayApi
from stack.reconciler.main import Sampling, ServiceRestarter
from stack.services import gone, stop_steps
from tasks.home import Home
from tasks.launch.ending import end_instances
from tasks.launch.public_ports import lead_away
from tasks.ledger.befores import BeforeRow, BeforeState, record_before
from tasks.ledger.connection import Ledger
from tasks.ledger.executions import Execution, begin_execution
from tasks.ledger.instances import instances, record_instance
from tasks.ledger.ports import lease_port, ports
from tasks.ledger.public_ports import PortOwner, lease_public_ports
from tasks.ledger.samples import samples
from tasks.ledger.workloads import open_workload
from tasks.public_port_range import PublicPortRange
from tasks.release import Instance, InstanceState

ROOT = Path(__file__).parents[3]


class Fake(Protocol):
    """What these tests use of the fake server."""

    answer: Callable[..., None]
    bodies: Callable[[str], list[dict[str, Any]]]
    client: Callable[..., SlipwayApi]


def service(folder: Path, state: InstanceState = InstanceState.RUNNING) -> Instance:
    """Return the record of a service whose files are in ``folder``."""
    return Instance(
        id="i1",
        project="web",
        environment="prod",
        service="app",
        replica=0,
        release="d",
        version="1",
        directory=folder,
        host="127.0.0.1",
        port=None,
        state=state,
        started_at=0.0,
    )


def start(folder: Path) -> None:
    """Start a process that stays, under the shim."""
    argv = (sys.executable, "-c", "import time; time.sleep(600)")
    detached.start(detached.ShimSpec(folder, argv, cwd=folder.parent), dict(os.environ))


@pytest.mark.integration
def test_a_lost_service_is_launched_once(prefect_api: Fake, ledger: Ledger, tmp_path: Path) -> None:
    """After a reboot nothing would come back, or come back every two seconds."""
    record_instance(ledger, service(tmp_path / "run"))
    prefect_api.answer("GET /deployments/name/launch/launch", (200, {"id": "d1"}))
    prefect_api.answer("POST /deployments/d1/create_flow_run", (201, {"id": "r1"}))
    with prefect_api.client() as api:
        revival = ServiceRestarter(ledger, api)
        assert len(revival(100.0)) == 1
        assert revival(102.0) == []
        assert len(revival(111.0)) == 1
    bodies = prefect_api.bodies("POST /deployments/d1/create_flow_run")
    assert [each["parameters"] for each in bodies] == [
        {"project": "web", "environment": "prod", "revive": True}
    ] * 2


@pytest.mark.integration
def test_what_runs_or_was_stopped_on_purpose_is_left_alone(
    prefect_api: Fake, ledger: Ledger, tmp_path: Path
) -> None:
    """A stopped service would rise again, a running one be launched a second time."""
    folder = tmp_path / "run"
    start(folder)
    record_instance(ledger, service(folder))
    try:
        with prefect_api.client() as api:
            assert ServiceRestarter(ledger, api)(100.0) == []
        assert gone(ledger) == []
    finally:
        lease_port(ledger, "127.0.0.1", 28_200, 28_299, "instance/i1", now=0.0)
        assert end_instances(ledger, instances(ledger), grace_seconds=2) == 1
    assert isinstance(detached.status(folder), detached.Ended)
    assert (gone(ledger), ports(ledger)) == ([], [])


@pytest.mark.integration
def test_a_running_step_is_stopped_with_its_workload(ledger: Ledger, tmp_path: Path) -> None:
    """`make down` would leave steps that nobody waits for."""
    folder = tmp_path / "steps" / "workload" / "build" / "1"
    folder.parent.mkdir(parents=True)
    lease = open_workload(ledger, "shop/ci", "me", 1.0, 15, owner_alive=lambda _: True)
    key = (lease.id, "build", 1, lease.fence, "local", "shell", "shop/ci/build")
    begin_execution(ledger, Execution(*key, folder, 1.0, Resources()))
    start(folder)
    assert stop_steps(ledger, grace_seconds=2) == 1
    assert isinstance(detached.status(folder), detached.Ended)
    assert stop_steps(ledger, grace_seconds=2) == 0


@pytest.mark.integration
def test_what_comes_before_a_release_ends_with_the_stack(ledger: Ledger, tmp_path: Path) -> None:
    """`make down` would leave a migration that nobody waits for."""
    folder = tmp_path / "instances" / "shop-dev-before-1"
    folder.parent.mkdir(parents=True)
    row = BeforeRow("shop", "dev", "digest", "command", folder, BeforeState.RUNNING, 1.0)
    record_before(ledger, row)
    start(folder)
    assert stop_steps(ledger, grace_seconds=2) == 1
    assert isinstance(detached.status(folder), detached.Ended)


@pytest.mark.integration
def test_what_is_stopped_with_the_stack_leads_nowhere(ledger: Ledger, tmp_path: Path) -> None:
    """Broken: after `make down ALL=1` a front port would lead to whoever gets the port next."""
    router, place = SlotRouter(tmp_path / "router"), PortOwner("web", "prod")
    span = PublicPortRange("127.0.0.1", 8300, 8301)
    lease_public_ports(ledger, span, place, {"app": None}, 0.0)
    router.route(8300, ["127.0.0.1:28200"])
    lead_away(ledger, router, [replace(service(tmp_path), port=28_200)], 1.0)
    assert router.upstreams(8300) == ()
    assert [lease.released_at for lease in ports(ledger)] == [1.0]


def test_samples_are_kept_for_their_time(ledger: Ledger, tmp_path: Path) -> None:
    """The ledger would grow without end, or forget the last hour."""
    sampling = Sampling(ledger, tmp_path, keep_days=1)
    sampling(1_000.0)
    sampling(80_000.0)
    assert {each.at for each in samples(ledger)} == {1_000.0, 80_000.0}
    sampling(100_000.0)
    assert {each.at for each in samples(ledger)} == {80_000.0, 100_000.0}


@pytest.mark.integration
def test_it_is_free_of_prefect_and_ends_when_told(tmp_path: Path) -> None:
    """The resident process would take 150 MB, or have to be killed at each `make down`."""
    script = "import sys, stack.reconciler.main as r; assert 'prefect' not in sys.modules; r.main()"
    home = Home(tmp_path / "home")
    home.create()
    reconciler = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={
            **os.environ,
            "SLIPWAY_HOME": str(home.root),
            "PYTHONPATH": str(ROOT),
            "SLIPWAY_SERVER_PORT": str(free_ports(1)),
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not home.heartbeat_file.exists():
        assert reconciler.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    reconciler.send_signal(signal.SIGTERM)
    output, _ = reconciler.communicate(timeout=30)
    assert reconciler.returncode == 0
    assert output.rstrip().endswith("stopped")
