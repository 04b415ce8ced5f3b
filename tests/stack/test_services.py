"""Tests of what is ended together with the stack."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from blocks.providers.interface import Resources
from blocks.providers.process import detached
from blocks.routers.slots import SlotRouter
from stack.services import stop_steps
from tasks.launch.public_ports import route_away
from tasks.ledger.befores import BeforeRow, BeforeState, record_before
from tasks.ledger.connection import Ledger
from tasks.ledger.executions import Execution
from tasks.ledger.ports import ports
from tasks.ledger.public_ports import PortOwner, lease_public_ports
from tasks.ledger.workloads import open_workload
from tasks.public_port_range import PublicPortRange
from tasks.release import Instance, InstanceState
from tests.tasks.ledger.attempts import begin_execution


def start(folder: Path) -> None:
    """Start a process that stays, under the shim."""
    argv = (sys.executable, "-c", "import time; time.sleep(600)")
    detached.start(detached.ShimSpec(folder, argv, cwd=folder.parent), dict(os.environ))


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
    """Broken: after `make down ALL=1` a public port would lead to whoever gets the port next."""
    router, place = SlotRouter(tmp_path / "router"), PortOwner("web", "prod")
    running = InstanceState.RUNNING
    app = Instance(
        "i1", "web", "prod", "app", 0, "d", "1", tmp_path, "127.0.0.1", 28_200, running, 0.0
    )
    span = PublicPortRange("127.0.0.1", 8300, 8301)
    lease_public_ports(ledger, span, place, {"app": None}, 0.0)
    router.route(8300, ["127.0.0.1:28200"])
    route_away(ledger, router, [app], 1.0)
    assert router.upstreams(8300) == ()
    assert [lease.released_at for lease in ports(ledger)] == [1.0]
