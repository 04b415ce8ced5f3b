"""Tests of when a lost service is launched again, and that it is."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocks.providers.process import detached
from stack.api import SlipwayApi
from stack.reconciler.service_restarter import (
    FORGIVEN_SECONDS,
    MAX_PAUSE_SECONDS,
    Attempt,
    EnvironmentKey,
    ServiceRestarter,
    due,
    pause_after,
    remember,
)
from stack.services import gone
from tasks.launch.instances.ending import end_instances
from tasks.ledger.connection import Ledger
from tasks.ledger.instances import instances, record_instance
from tasks.ledger.ports import lease_port, ports
from tasks.release import Instance, InstanceState

WEB = EnvironmentKey("web", "prod")
API = EnvironmentKey("api", "prod")


def test_the_first_time_is_at_once() -> None:
    """A crashed service would stay down for no reason."""
    assert due([WEB, API], [], {}, now=100.0) == [API, WEB]


def test_an_open_rollout_is_left_alone() -> None:
    """A launch would start what a rollout is about to replace."""
    assert due([WEB], [WEB], {}, now=100.0) == []


def test_a_service_that_keeps_dying_is_launched_ever_later() -> None:
    """It would be launched every two seconds for ever, and starve the rest."""
    attempts = remember({}, [WEB], 0.0)
    assert due([WEB], [], attempts, now=9.9) == []
    assert due([WEB], [], attempts, now=10.0) == [WEB]
    attempts = remember(attempts, [WEB], 10.0)
    assert attempts == {WEB: Attempt(2, 10.0)}
    assert due([WEB], [], attempts, now=29.9) == []


def test_old_troubles_are_forgiven() -> None:
    """A service that died twice last month would wait minutes today."""
    attempts = {WEB: Attempt(7, 0.0)}
    assert remember(attempts, [WEB], FORGIVEN_SECONDS) == {WEB: Attempt(1, FORGIVEN_SECONDS)}


@given(st.integers(min_value=1, max_value=500))
def test_pauses_grow_to_a_limit(count: int) -> None:
    """A pause could shrink, or grow until nobody is left to see the next attempt."""
    assert pause_after(count) <= pause_after(count + 1) <= MAX_PAUSE_SECONDS


class Fake(Protocol):
    """What these tests use of the fake server."""

    answer: Callable[..., None]
    bodies: Callable[[str], list[dict[str, Any]]]
    client: Callable[..., SlipwayApi]


def service(folder: Path) -> Instance:
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
        state=InstanceState.RUNNING,
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
