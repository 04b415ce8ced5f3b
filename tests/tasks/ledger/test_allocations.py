"""Tests of allocations: they are written only if the provider's state is unchanged."""

from __future__ import annotations

from dataclasses import replace

import pytest

from blocks.providers.interface import Resources
from tasks.errors import NotFoundError, StaleFenceError
from tasks.ledger.allocations import (
    enqueue,
    grant,
    hold_again,
    queue_state,
    release_allocation,
    waited_for,
    withdraw,
)
from tasks.ledger.connection import Ledger
from tasks.ledger.providers import register_provider
from tasks.ledger.reservations import Reservation, reservations, reserve
from tasks.ledger.workloads import close_workload, open_workload
from tests.tasks.ledger.capacity import CLAIM, ONE, granted, owners


@pytest.fixture(autouse=True)
def local(ledger: Ledger) -> None:
    """Register the provider that everything here is about."""
    register_provider(ledger, "local", "shell", Resources(cpus=2, slots=2), 1.0, 0.0, 0.0)


def test_a_grant_is_held(ledger: Ledger) -> None:
    """Otherwise the same capacity would be given twice."""
    granted_first = granted(ledger)
    (allocation,) = queue_state(ledger, "local").held
    assert (allocation.allocation_id, allocation.owner, allocation.demand) == (
        granted_first.allocation_id,
        "w/build",
        ONE,
    )
    assert (allocation.since, allocation.expected_seconds, allocation.lease_until) == (
        0.0,
        9.0,
        10.0,
    )


def test_of_two_decisions_on_one_state_one_is_written(ledger: Ledger) -> None:
    """Two processes that saw the last slot free would both take it."""
    epoch = queue_state(ledger, "local").epoch
    assert grant(ledger, CLAIM, epoch, 0.0, 10.0) is not None
    assert grant(ledger, replace(CLAIM, owner="v/test"), epoch, 0.0, 10.0) is None
    assert owners(ledger) == ["w/build"]


def test_a_release_frees_it_and_only_once(ledger: Ledger) -> None:
    """Capacity would otherwise be lost, or another's be freed by a late release."""
    first = granted(ledger)
    assert release_allocation(ledger, first.allocation_id, 1)
    second = granted(ledger, replace(CLAIM, owner="v/test"))
    assert second.allocation_id != first.allocation_id
    assert not release_allocation(ledger, first.allocation_id, 1)
    assert owners(ledger) == ["v/test"]


def test_a_successor_replaces_what_its_predecessor_held(ledger: Ledger) -> None:
    """A resumed step would otherwise wait for the capacity its own dead run holds."""
    lease = open_workload(ledger, "k", "me", 0.0, 10.0, lambda owner: True)
    claim = replace(CLAIM, owner=f"{lease.id}/build")
    former = granted(ledger, claim)
    successor = open_workload(ledger, "k", "other", 1.0, 10.0, lambda owner: False)
    with pytest.raises(StaleFenceError):
        granted(ledger, claim)
    with pytest.raises(StaleFenceError):
        enqueue(ledger, claim, "full", 1.0)
    now_held = granted(ledger, replace(claim, fence=successor.fence), now=1.0)
    assert not release_allocation(ledger, former.allocation_id, former.fence)
    with pytest.raises(StaleFenceError):
        release_allocation(ledger, now_held.allocation_id, former.fence)
    assert owners(ledger) == [claim.owner]


def test_a_waiting_claim_keeps_its_place_by_asking_again(ledger: Ledger) -> None:
    """Whoever asks often would otherwise always be last."""
    enqueue(ledger, CLAIM, "full", 1.0)
    enqueue(ledger, replace(CLAIM, priority=5), "full", 2.0)
    (waits,) = queue_state(ledger, "local").waiting
    assert (waits.owner, waits.since, waits.priority) == ("w/build", 1.0, 5)


def test_asking_again_soon_writes_nothing(ledger: Ledger) -> None:
    """Every write wakes all that wait, who ask again, which would write again."""
    enqueue(ledger, CLAIM, "full", 0.0, lease_seconds=10.0)
    version = ledger.version()
    enqueue(ledger, CLAIM, "still full", 4.0, lease_seconds=10.0)
    assert ledger.version() == version
    enqueue(ledger, CLAIM, "still full", 6.0, lease_seconds=10.0)
    assert queue_state(ledger, "local").waiting[0].lease_until == 16.0


def test_a_lapsed_claim_has_lost_its_place(ledger: Ledger) -> None:
    """A claim that nobody stands behind would otherwise age into the first place."""
    enqueue(ledger, CLAIM, "full", 0.0, lease_seconds=10.0)
    enqueue(ledger, CLAIM, "full", 20.0, lease_seconds=10.0)
    assert queue_state(ledger, "local").waiting[0].since == 20.0


def test_a_granted_or_withdrawn_claim_waits_no_longer(ledger: Ledger) -> None:
    """It would otherwise keep others from what it does not want any more."""
    enqueue(ledger, CLAIM, "full", 0.0)
    granted(ledger)
    enqueue(ledger, replace(CLAIM, owner="v/test"), "full", 0.0)
    epoch = queue_state(ledger, "local").epoch
    withdraw(ledger, "v/test")
    after = queue_state(ledger, "local")
    assert after.waiting == ()
    assert after.epoch > epoch


def test_what_was_lost_is_held_again_under_its_id(ledger: Ledger) -> None:
    """A step that goes on would be counted twice, or never be given back."""
    granted_first = granted(ledger)
    assert not hold_again(ledger, CLAIM, granted_first.allocation_id, 1.0, 10.0)
    release_allocation(ledger, granted_first.allocation_id, 1)
    epoch = queue_state(ledger, "local").epoch
    assert hold_again(ledger, CLAIM, granted_first.allocation_id, 1.0, 10.0)
    assert owners(ledger) == [CLAIM.owner]
    assert queue_state(ledger, "local").epoch > epoch
    assert release_allocation(ledger, granted_first.allocation_id, 1)


def test_what_was_lost_to_a_successor_is_not_held_again(ledger: Ledger) -> None:
    """A run that was overtaken would take the capacity of the one that adopted its steps."""
    lease = open_workload(ledger, "k", "me", 0.0, 10.0, lambda owner: True)
    claim = replace(CLAIM, owner=f"{lease.id}/build")
    open_workload(ledger, "k", "other", 1.0, 10.0, lambda owner: False)
    with pytest.raises(StaleFenceError):
        hold_again(ledger, claim, 1, 1.0, 10.0)


def test_nothing_of_a_workload_that_ended_stays(ledger: Ledger) -> None:
    """A finished or failed run would otherwise go on blocking others until its lease ends."""
    lease = open_workload(ledger, "k", "me", 0.0, 10.0, lambda owner: True)
    granted(ledger, replace(CLAIM, owner=f"{lease.id}/build"))
    enqueue(ledger, replace(CLAIM, owner=f"{lease.id}/test"), "full", 0.0)
    reserve(ledger, [Reservation(lease.id, "local", ONE, 0.0, 9.0)])
    epoch = queue_state(ledger, "local").epoch
    close_workload(ledger, lease.id, lease.fence, "failed", 1.0)
    after = queue_state(ledger, "local")
    assert (after.held, after.waiting) == ((), ())
    assert after.epoch > epoch
    assert reservations(ledger) == []


def test_an_unknown_provider_is_not_found(ledger: Ledger) -> None:
    """Otherwise a claim on it would wait for ever."""
    with pytest.raises(NotFoundError, match="local"):
        queue_state(ledger, "lokal")


def test_only_what_others_wait_for_is_wanted(ledger: Ledger) -> None:
    """A workload would keep others out, or hand back what nobody waits for."""
    enqueue(ledger, CLAIM, "full", 1.0, lease_seconds=10.0)
    assert waited_for(ledger, "w", 2.0) == frozenset()
    assert waited_for(ledger, "v", 2.0) == {"local"}
    assert waited_for(ledger, "v", 12.0) == frozenset()
