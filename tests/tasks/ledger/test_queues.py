"""Tests of the queues of all providers, and of reads that see one state."""

from __future__ import annotations

from blocks.providers.interface import Resources
from tasks.claim import Claim
from tasks.ledger.allocations import enqueue, grant, queue_state
from tasks.ledger.connection import Ledger
from tasks.ledger.providers import provider_names, register_provider
from tasks.ledger.queues import all_queues
from tasks.ledger.workloads import close_workload, open_workload

SLOT = Resources(slots=1)


def test_holders_and_claims_are_seen_with_their_workloads(ledger: Ledger) -> None:
    """Nobody would know whose step holds a provider, or why another waits."""
    for name in ("local", "idle"):
        register_provider(ledger, name, "shell", SLOT, 1.0, 0.0, 1.0)
    lease = open_workload(ledger, "shop/tests", "", 1.0, 60.0, lambda _: False)
    held, waits = (Claim(f"{lease.id}/{step}", "local", SLOT, 1) for step in ("a", "b"))
    grant(ledger, held, queue_state(ledger, "local").epoch, 1.0, 60.0)
    enqueue(ledger, waits, "no slot", 2.0, 60.0)
    seen = all_queues(ledger)
    assert [each.provider for each in seen.queues] == ["idle", "local"]
    local = seen.queues[1]
    assert [each.owner for each in local.held] == [held.owner]
    assert [each.owner for each in local.waiting] == [waits.owner]
    assert seen.reasons == {("local", waits.owner): "no slot"}
    assert seen.keys == {lease.id: "shop/tests"}
    close_workload(ledger, lease.id, 1, "done", 3.0)
    assert all_queues(ledger).keys == {}


def test_reads_within_a_block_see_one_state(ledger: Ledger) -> None:
    """An answer would be made of two states, such as a release and the instances before it."""
    with ledger.one_state():
        assert provider_names(ledger) == []
        register_provider(ledger, "local", "shell", SLOT, 1.0, 0.0, 1.0)
        assert provider_names(ledger) == []
    assert provider_names(ledger) == ["local"]
