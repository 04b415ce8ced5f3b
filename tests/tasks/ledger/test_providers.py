"""Tests of providers and their free capacity."""

from __future__ import annotations

import pytest

from blocks.providers.interface import Resources
from blocks.providers.shell_runner import ShellRunner
from tasks.claim import Claim
from tasks.errors import NotFoundError
from tasks.ledger.allocations import grant, queue_state
from tasks.ledger.connection import Ledger
from tasks.ledger.leases import reap
from tasks.ledger.providers import (
    ProviderChanges,
    epochs,
    fleet,
    follow_providers,
    provider_names,
    register_provider,
)

CAPACITY = Resources(cpus=4, memory_mib=1000, slots=4)


def register(ledger: Ledger, name: str = "local", capacity: Resources = CAPACITY) -> None:
    """Register a provider."""
    register_provider(ledger, name, "shell", capacity, 2.0, 0.5, 0.0)


def test_the_fleet_is_as_registered_in_the_order_asked_for(ledger: Ledger) -> None:
    """Plans would otherwise use the wrong speed or price."""
    register(ledger)
    register(ledger, "other")
    snapshot = fleet(ledger, ["other", "local"], 7.0)
    assert [item.name for item in snapshot.providers] == ["other", "local"]
    local = snapshot.providers[1]
    assert (local.kind, local.speed, local.price_per_hour) == ("shell", 2.0, 0.5)
    assert local.free == local.capacity == CAPACITY
    assert snapshot.at == 7.0
    assert provider_names(ledger) == ["local", "other"]


def test_what_is_held_is_not_free_until_it_is_reaped(ledger: Ledger) -> None:
    """A plan would otherwise promise what another workload holds, or the dead keep it."""
    register(ledger)
    claim = Claim("w/s", "local", Resources(cpus=1.5, slots=1), fence=1)
    grant(ledger, claim, queue_state(ledger, "local").epoch, 0.0, 10.0)
    free = Resources(cpus=2.5, memory_mib=1000, slots=3)
    assert fleet(ledger, ["local"], 10.0).providers[0].free == free
    reap(ledger, 10.0)
    assert fleet(ledger, ["local"], 10.0).providers[0].free == CAPACITY


def test_an_unknown_provider_is_named_with_those_that_are_known(ledger: Ledger) -> None:
    """A typing error would otherwise end in a plan without providers."""
    register(ledger)
    with pytest.raises(NotFoundError, match="local") as caught:
        fleet(ledger, ["lokal"], 0.0)
    assert caught.value.value == "lokal"


def test_a_changed_capacity_moves_the_epoch_and_a_repeated_one_does_not(ledger: Ledger) -> None:
    """A decision made on the old capacity must not be written."""
    register(ledger)
    version, before = ledger.version(), epochs(ledger, ["local"])
    register(ledger)
    assert epochs(ledger, ["local"]) == before
    assert ledger.version() == version
    register(ledger, capacity=Resources(slots=1))
    assert epochs(ledger, ["local"]) != before


def offered(name: str, slots: int = 4) -> ShellRunner:
    """Give a provider as its block makes it."""
    return ShellRunner(name, Resources(slots=slots))


def test_the_ledger_follows_what_is_offered(ledger: Ledger) -> None:
    """A provider made or edited in the UI would break every run, or be planned as it was."""
    both = {"local": offered("local"), "other": offered("other")}
    assert follow_providers(ledger, both, 1.0) == ProviderChanges(changed=("local", "other"))
    version = ledger.version()
    assert follow_providers(ledger, both, 2.0) == ProviderChanges()
    assert ledger.version() == version
    edited = {"local": offered("local", slots=9)}
    assert follow_providers(ledger, edited, 3.0) == ProviderChanges(("local",), ("other",))
    assert fleet(ledger, ["local"], 3.0).providers[0].capacity.slots == 9


def test_a_removed_provider_is_no_more_but_known_to_what_runs_on_it(ledger: Ledger) -> None:
    """A run whose provider is removed meanwhile would fail amid its steps."""
    both = {"local": offered("local"), "other": offered("other")}
    follow_providers(ledger, both, 1.0)
    follow_providers(ledger, {"local": offered("local")}, 2.0)
    assert provider_names(ledger) == ["local"]
    assert fleet(ledger, ["other"], 3.0).providers[0].name == "other"
    assert follow_providers(ledger, both, 4.0) == ProviderChanges(changed=("other",))
    assert provider_names(ledger) == ["local", "other"]
