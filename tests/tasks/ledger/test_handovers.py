"""Tests of handovers: a grant passes between the steps of a workload, and nothing is lost."""

from __future__ import annotations

from dataclasses import replace

import pytest

from blocks.providers.interface import Resources
from tasks.ledger.allocations import enqueue, queue_state, release_allocation
from tasks.ledger.connection import Ledger
from tasks.ledger.handovers import Handover, hand_over
from tasks.ledger.providers import register_provider
from tests.tasks.ledger.capacity import CLAIM, ONE, granted, owners


@pytest.fixture(autouse=True)
def local(ledger: Ledger) -> None:
    """Register the provider that everything here is about."""
    register_provider(ledger, "local", "shell", Resources(cpus=2, slots=2), 1.0, 0.0, 0.0)


def handed_over(ledger: Ledger, *handovers: Handover) -> None:
    """Write them as a group."""
    with ledger.write() as connection:
        hand_over(connection, handovers)


def test_a_grant_passes_to_another_step(ledger: Ledger) -> None:
    """After a crash, nobody would know which step uses what is held."""
    first = granted(ledger)
    claim = replace(CLAIM, owner="w/test", expected_seconds=3.0)
    enqueue(ledger, claim, "full", 1.0)
    epoch = queue_state(ledger, "local").epoch
    handed_over(ledger, Handover(first.allocation_id, claim, 5.0, waited=True))
    queue = queue_state(ledger, "local")
    (held,) = queue.held
    assert (held.owner, held.since, held.expected_seconds) == ("w/test", 5.0, 3.0)
    assert (held.demand, held.lease_until) == (ONE, 10.0)
    assert queue.waiting == ()
    assert queue.epoch > epoch
    assert release_allocation(ledger, first.allocation_id, 1)


def test_grants_are_swapped(ledger: Ledger) -> None:
    """Two steps that take each other's places would break the whole group."""
    ids = [granted(ledger, replace(CLAIM, owner=f"w/{name}")).allocation_id for name in "ab"]
    claims = [replace(CLAIM, owner=f"w/{name}") for name in "ca"]
    handed_over(
        ledger,
        *(Handover(i, claim, 1.0, waited=False) for i, claim in zip(ids, claims, strict=True)),
    )
    assert sorted(owners(ledger)) == ["w/a", "w/c"]


def test_what_was_released_or_taken_over_does_not_pass(ledger: Ledger) -> None:
    """Capacity would be held for nobody, or a successor lose its own."""
    first = granted(ledger)
    claim = replace(CLAIM, owner="w/test")
    handed_over(ledger, Handover(first.allocation_id, replace(claim, fence=9), 1.0, waited=False))
    assert owners(ledger) == ["w/build"]
    release_allocation(ledger, first.allocation_id, 1)
    handed_over(ledger, Handover(first.allocation_id, claim, 1.0, waited=False))
    assert owners(ledger) == []


def test_what_a_former_run_held_for_a_step_is_dropped(ledger: Ledger) -> None:
    """A resumed workload would hold the capacity of one step twice, or fail to write its group."""
    granted(ledger, replace(CLAIM, owner="w/test"))
    place = granted(ledger, replace(CLAIM, fence=2))
    claim = replace(CLAIM, owner="w/test", fence=2)
    handed_over(ledger, Handover(place.allocation_id, claim, 1.0, waited=False))
    (held,) = queue_state(ledger, "local").held
    assert (held.allocation_id, held.owner) == (place.allocation_id, "w/test")
