"""Tests of recorded instances, and of queries for them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tasks.ledger.connection import Ledger
from tasks.ledger.instances import instances, record_instance, set_instance_state
from tasks.release import Instance, InstanceState

WEB = Instance(
    id="one",
    project="shop",
    environment="dev",
    service="web",
    replica=0,
    release="aaaa",
    version="1.0",
    directory=Path("/i/one"),
    host="127.0.0.1",
    port=20000,
    state=InstanceState.STARTING,
    started_at=1.0,
    health_path="/health",
)
WORKER = replace(WEB, id="two", environment="prod", port=None, started_at=2.0)


@pytest.fixture
def recorded(ledger: Ledger) -> Ledger:
    """Give a ledger with both instances."""
    for instance in (WORKER, WEB):
        record_instance(ledger, instance)
    return ledger


def test_instances_are_found_by_project_environment_and_state(recorded: Ledger) -> None:
    """Otherwise stopping one environment would stop another."""
    assert instances(recorded) == [WEB, WORKER]
    assert instances(recorded, "shop", "prod") == [WORKER]
    assert instances(recorded, "blog") == []
    assert instances(recorded, states=[InstanceState.RUNNING]) == []
    assert instances(recorded, states=[]) == []


def test_recording_again_updates(recorded: Ledger) -> None:
    """A restart would otherwise appear as a second instance."""
    moved = replace(WEB, port=20001, state=InstanceState.RUNNING)
    record_instance(recorded, moved)
    assert instances(recorded, "shop", "dev") == [moved]


def test_a_state_is_set_for_those_named_alone(recorded: Ledger) -> None:
    """Otherwise draining the old release would drain the new one too."""
    set_instance_state(recorded, ["one"], InstanceState.DRAINING)
    set_instance_state(recorded, [], InstanceState.FAILED)
    states = {instance.id: instance.state for instance in instances(recorded)}
    assert states == {"one": InstanceState.DRAINING, "two": InstanceState.STARTING}
