"""A ledger with rows of every kind, and an application that reads from it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from blocks.providers.interface import End, Outcome, Resources
from blocks.providers.process.shim.records import LOG
from blocks.repositories.interface import Snapshot
from stack.reads.application import application
from stack.reads.configured import Configured
from stack.reads.endpoint import Source
from tasks.claim import Claim
from tasks.ledger.allocations import enqueue, grant, queue_state
from tasks.ledger.connection import Ledger
from tasks.ledger.executions import Execution
from tasks.ledger.instances import record_instance
from tasks.ledger.providers import register_provider
from tasks.ledger.releases import record_release
from tasks.ledger.snapshots import record_snapshot
from tasks.ledger.workloads import open_workload
from tasks.release import Instance, InstanceState, Release
from tasks.settings import Settings
from tests.stack.conftest import FakePrefect
from tests.tasks.ledger.attempts import begin_execution, finish_execution

Ask = Callable[..., Any]
PROJECT = {
    "source": "/srv/shop",
    "services": {"web": {"command": "serve"}},
    "environments": {"dev": {"variables": {}}},
    "secrets": {"dev": {"API_KEY": "hunter2hunter2"}},
}


def step_of(workload: str, directory: Path) -> Execution:
    """Return a begun attempt at the step `build`."""
    return Execution(
        workload=workload,
        step="build",
        attempt=1,
        fence=1,
        provider="local",
        provider_kind="shell",
        history_key="shop/tests/build",
        directory=directory,
        started_at=time.time(),
        demand=Resources(slots=1),
    )


def fill(ledger: Ledger, home: Path) -> None:
    """Record a service, two releases, a snapshot, and a step that holds what another waits for."""
    now = time.time()
    for name, text in (("instance", "one\nkey=hunter2hunter2\nthree\n"), ("step", "built\n")):
        (home / name).mkdir(parents=True)
        (home / name / LOG).write_text(text)
    service = ("i", "shop", "dev", "web", 0, "d1" * 32, "1", home / "instance", "127.0.0.1", None)
    record_instance(ledger, Instance(*service, InstanceState.RUNNING, now))
    for number, digest in enumerate(("d1", "d2")):
        record_release(
            ledger, Release("shop", str(number), digest * 32, home, "python", now + number)
        )
    place = "rest:https://user:hunter2@example.org/"
    record_snapshot(ledger, Snapshot("4f1c", place, "shop", "dev", (home,), now, 1, 2, 1, 0.5))
    register_provider(ledger, "local", "shell", Resources(slots=1), 1.0, 0.0, now)
    lease = open_workload(ledger, "shop/tests", "", now, 60.0, lambda _: False)
    begin_execution(ledger, step_of(lease.id, home / "step"))
    claim = Claim(f"{lease.id}/build", "local", Resources(slots=1), lease.fence, 0, 30.0)
    grant(ledger, claim, queue_state(ledger, "local").epoch, now, 60.0)
    waits = Claim(f"{lease.id}/test", "local", Resources(slots=1), lease.fence, 0, 10.0)
    enqueue(ledger, waits, "local lacks 1 slot of 1", now, 60.0)
    outcome = Outcome(end=End.SUCCEEDED, started_at=now - 4, ended_at=now)
    finish_execution(ledger, lease.id, "build", 1, lease.fence, outcome, 0.0)


@pytest.fixture
def source(ledger: Ledger, tmp_path: Path, prefect_api: FakePrefect) -> Source:
    """Give a ledger with rows, and a server that knows one project in one environment."""
    config = Settings(home=tmp_path / "home", server_port=9, router_port=9)
    config.root.mkdir()
    fill(ledger, config.root)
    blocks: dict[str, dict[str, object]] = {
        "project": {"shop": PROJECT},
        "environment": {"dev": {}, "prod": {}},
    }
    for kind, documents in blocks.items():
        path = f"/block_types/slug/slipway-{kind}/block_documents?include_secrets=true"
        named = [{"name": name, "data": data} for name, data in documents.items()]
        prefect_api.answer(f"GET {path}", (200, named))
    api = prefect_api.client(patience_seconds=0)
    return Source(config, ledger, Configured(api, time.monotonic))


@pytest.fixture
def ask(source: Source) -> Ask:
    """Give what asks the application for a path, and returns the answer with its status."""
    transport = httpx.ASGITransport(app=application(source))

    async def asked(path: str, method: str = "GET") -> httpx.Response:
        """Ask once."""
        async with httpx.AsyncClient(transport=transport, base_url="http://reads") as client:
            return await client.request(method, f"/api/slipway{path}")

    return asked
