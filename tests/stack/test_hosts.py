"""Tests of a second host on one ledger: it starts nothing and ends nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from blocks.providers.process import detached
from stack.api import SlipwayApi
from stack.down import down
from stack.reconciler.periodic_jobs import LEDGER, periodic_jobs
from stack.reconciler.tenancy import Tenancy
from stack.up import up
from tasks.deploy.document import to_document
from tasks.deploy.rollout import Rollout
from tasks.errors import BadInputError
from tasks.home import Home
from tasks.ledger.connection import Ledger
from tasks.ledger.hosts import Host, claim_ledger, require_own, this_host
from tasks.ledger.instances import instances, record_instance
from tasks.ledger.rollouts import begin_rollout, open_rollouts, take_over_rollout
from tasks.release import Instance, InstanceState
from tasks.settings import Settings

ELSEWHERE = Host("another machine", "/srv/slipway", "north")


@pytest.fixture
def config(tmp_path: Path, ledger_url: str) -> Settings:
    """Give the settings of a home whose ledger lies outside of it."""
    return Settings.model_validate({"home": tmp_path / "home", "ledger_url": ledger_url})


def test_a_second_host_starts_nothing(config: Settings, ledger: Ledger, tmp_path: Path) -> None:
    """Two reconcilers undo each other's services."""
    claim_ledger(ledger, ELSEWHERE, 1.0)
    with pytest.raises(BadInputError, match="another host acts on this ledger"):
        up(config, tmp_path)
    assert list(Home(config.root).stack.glob("*.json")) == []


@pytest.mark.integration
def test_a_second_host_ends_nothing_of_the_first(
    config: Settings, ledger: Ledger, tmp_path: Path
) -> None:
    """`make down ALL=1` on one host takes the services of the other off the air."""
    claim_ledger(ledger, ELSEWHERE, 1.0)
    folder = tmp_path / "web"
    detached.start(detached.ShimSpec(folder, ("sleep", "600"), tmp_path), {"PATH": "/bin:/usr/bin"})
    running = InstanceState.RUNNING
    web = Instance("web", "shop", "dev", "web", 0, "d1", "1", folder, "::1", None, running, 1.0)
    record_instance(ledger, web)
    Home(config.root).create()
    try:
        assert down(config, everything=True) == "nothing to stop"
        assert isinstance(detached.status(folder), detached.Running)
        assert [instance.state for instance in instances(ledger)] == [InstanceState.RUNNING]
    finally:
        detached.stop(folder, 0.0)


def test_a_host_that_stops_everything_gives_the_ledger_up(config: Settings, ledger: Ledger) -> None:
    """Nobody could ever move to another machine."""
    claim_ledger(ledger, this_host(config.root), 1.0)
    Home(config.root).create()
    down(config)
    with pytest.raises(BadInputError):
        claim_ledger(ledger, ELSEWHERE, 2.0)
    down(config, everything=True)
    claim_ledger(ledger, ELSEWHERE, 2.0)
    require_own(ledger, ELSEWHERE)


def test_a_rollout_of_a_host_that_is_gone_is_ended(config: Settings, ledger: Ledger) -> None:
    """A deploy that died with its machine would be open for ever, and no other be begun."""
    gone = replace(detached.own_identity(), host="north", boot_id="another").encode()
    document = to_document(Rollout("shop", "dev", "1"))
    begin_rollout(ledger, "shop", "dev", gone, document, 1.0, 15.0, lambda _owner: True)
    with SlipwayApi.of(config, patience_seconds=0) as api:
        jobs = periodic_jobs(config, ledger, api)[LEDGER]
        (rollouts,) = (job for job in jobs if job.name == "rollouts")
        assert len(list(rollouts.act(2.0))) == 1
    assert open_rollouts(ledger) == []


def test_a_rollout_over_which_the_ledger_failed_is_taken_up_again(
    config: Settings, ledger: Ledger
) -> None:
    """Broken: once a database restarts at the wrong moment, nothing is deployed there any more."""
    dead = replace(detached.own_identity(), create_time=1.0).encode()
    document = to_document(Rollout("shop", "dev", "1"))
    row = begin_rollout(ledger, "shop", "dev", dead, document, 1.0, 15.0, lambda _owner: True)
    take_over_rollout(ledger, row.id, detached.own_identity().encode(), 2.0, 15.0)
    with SlipwayApi.of(config, patience_seconds=0) as api:
        jobs = periodic_jobs(config, ledger, api)[LEDGER]
        (rollouts,) = (job for job in jobs if job.name == "rollouts")
        assert len(list(rollouts.act(3.0))) == 1
    assert open_rollouts(ledger) == []


def test_a_reconciler_whose_ledger_was_taken_over_stops_acting(
    config: Settings, ledger: Ledger
) -> None:
    """It ends and starts what the other host has launched, for as long as it runs."""
    host, sentences = this_host(config.root), list[str]()
    tenancy = Tenancy(ledger, host, sentences.append)
    claim_ledger(ledger, host, 1.0)
    assert tenancy.holds()
    claim_ledger(ledger, ELSEWHERE, 2.0, take=True)
    assert [tenancy.holds(), tenancy.holds()] == [False, False]
    assert len(sentences) == 1
    claim_ledger(ledger, host, 3.0, take=True)
    assert tenancy.holds()
