"""Tests of leases: living owners keep their capacity whatever the clock says; dead ones lose it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from blocks.providers.interface import Resources
from blocks.providers.process import detached
from blocks.providers.process.identity import own_identity
from tasks.claim import Claim
from tasks.ledger.allocations import enqueue, queue_state
from tasks.ledger.connection import Ledger
from tasks.ledger.executions import Execution
from tasks.ledger.leases import reap, renew_allocations
from tasks.ledger.providers import register_provider
from tasks.ledger.workloads import WorkloadLease, open_workload
from tests.tasks.ledger.attempts import begin_execution
from tests.tasks.ledger.capacity import CLAIM, ONE, granted, owners

DEAD = replace(own_identity(), pid=2**22 + 1).encode()


@pytest.fixture(autouse=True)
def local(ledger: Ledger) -> None:
    """Register the provider that everything here is about."""
    register_provider(ledger, "local", "shell", Resources(cpus=2, slots=2), 1.0, 0.0, 0.0)


def opened(ledger: Ledger, owner: str, step: str = "build") -> tuple[WorkloadLease, Claim]:
    """Open a workload of ``owner``, and grant one of its steps capacity."""
    lease = open_workload(ledger, "shop/tests", owner, 0.0, 10.0, lambda _owner: True)
    claim = replace(CLAIM, owner=f"{lease.id}/{step}", fence=lease.fence)
    granted(ledger, claim)
    return lease, claim


def begun(ledger: Ledger, lease: WorkloadLease, step: str, directory: Path) -> None:
    """Record an attempt at ``step`` that has no outcome."""
    begin_execution(
        ledger,
        Execution(lease.id, step, 1, lease.fence, "local", "shell", "k", directory, 0.0, ONE),
    )


@pytest.fixture
def attempt(tmp_path: Path) -> Iterator[Path]:
    """Give the directory of an attempt that runs under its shim."""
    directory = tmp_path / "attempt"
    detached.start(
        detached.ShimSpec(directory, ("sleep", "600"), tmp_path), {"PATH": "/bin:/usr/bin"}
    )
    yield directory
    detached.stop(directory, 0.0)


def test_renewing_keeps_what_would_be_reaped(ledger: Ledger) -> None:
    """A step longer than its lease would lose its capacity; a dead one would keep it."""
    lasting = granted(ledger)
    enqueue(ledger, replace(CLAIM, owner="w/test"), "full", 0.0, lease_seconds=10.0)
    granted(ledger, replace(CLAIM, owner="v/build"))
    assert renew_allocations(ledger, "w", 1, 8.0, 10.0) == {lasting.allocation_id}
    assert renew_allocations(ledger, "w", 2, 8.0, 10.0) == frozenset()
    assert reap(ledger, 9.0, 10.0) == []
    assert reap(ledger, 12.0, 10.0) == ["v/build"]
    assert reap(ledger, 18.0, 10.0) == ["w/build", "w/test"]
    assert owners(ledger) == []


def test_reaping_moves_the_epoch(ledger: Ledger) -> None:
    """Those who wait would otherwise not learn that capacity is free."""
    granted(ledger)
    epoch = queue_state(ledger, "local").epoch
    reap(ledger, 10.0)
    assert queue_state(ledger, "local").epoch > epoch


def test_nothing_of_a_living_run_is_reaped(ledger: Ledger) -> None:
    """A machine that was suspended would hand out a second time what a step still uses."""
    _, claim = opened(ledger, own_identity().encode())
    enqueue(ledger, replace(claim, owner=f"{claim.owner}2"), "full", 0.0, lease_seconds=10.0)
    assert reap(ledger, 1e9, 10.0) == []
    after = queue_state(ledger, "local")
    assert [(item.owner, item.lease_until) for item in after.held] == [(claim.owner, 1e9 + 10)]
    assert len(after.waiting) == 1


def test_a_clock_that_was_set_back_keeps_nothing_of_the_dead(ledger: Ledger) -> None:
    """Capacity of a killed run would be lost for as long as the clock was set back."""
    _, claim = opened(ledger, DEAD)
    assert reap(ledger, -3600.0, 10.0) == [claim.owner]


def test_nobody_waits_for_the_lease_of_a_dead_run(ledger: Ledger) -> None:
    """After a kill, other workloads would wait for seconds beside capacity that nobody uses."""
    _, claim = opened(ledger, DEAD)
    enqueue(ledger, replace(claim, owner=f"{claim.owner}2"), "full", 0.0, lease_seconds=10.0)
    epoch = queue_state(ledger, "local").epoch
    assert reap(ledger, 1.0, 10.0) == [claim.owner, f"{claim.owner}2"]
    after = queue_state(ledger, "local")
    assert (after.held, after.waiting) == ((), ())
    assert after.epoch > epoch


@pytest.mark.parametrize(
    "owner",
    ["", "elsewhere:1:1.0:other-boot", own_identity().encode()],
    ids=["unknown", "elsewhere", "alive"],
)
def test_a_lease_of_a_run_that_may_live_is_waited_for(ledger: Ledger, owner: str) -> None:
    """A run of another machine would lose its capacity, as its process is not seen from here."""
    opened(ledger, owner)
    assert reap(ledger, 1.0, 10.0) == []


@pytest.mark.integration
def test_what_still_runs_holds_its_capacity_though_its_run_died(
    ledger: Ledger, attempt: Path
) -> None:
    """A second workload would run its steps beside it, on the same lanes."""
    lease, claim = opened(ledger, DEAD)
    begun(ledger, lease, "build", attempt)
    granted(ledger, replace(claim, owner=f"{lease.id}/test"))
    assert reap(ledger, 1.0, 10.0) == [f"{lease.id}/test"]
    assert queue_state(ledger, "local").held[0].lease_until == 10.0
    assert reap(ledger, 100.0, 10.0) == []
    assert owners(ledger) == [claim.owner]
    detached.stop(attempt, 0.0)
    assert reap(ledger, 101.0, 10.0) == [claim.owner]


def test_a_run_that_took_a_workload_over_does_not_hold_what_the_dead_one_held(
    ledger: Ledger,
) -> None:
    """What a killed run held would be held for as long as the next one lives, and nobody use it."""
    opened(ledger, DEAD)
    me = own_identity().encode()
    again = open_workload(ledger, "shop/tests", me, 1.0, 10.0, lambda _owner: False)
    assert again.fence == 2
    assert reap(ledger, 12.0, 10.0) == [f"{again.id}/build"]
    assert owners(ledger) == []
