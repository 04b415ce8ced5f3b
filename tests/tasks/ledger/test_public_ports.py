"""Tests of public ports: they stay with their owner, and are reused when they run short."""

from __future__ import annotations

import pytest

from tasks.errors import BadInputError, BusyError
from tasks.ledger.connection import Ledger
from tasks.ledger.ports import ports
from tasks.ledger.public_ports import (
    PortOwner,
    forget_moved,
    lease_public_ports,
    moved_public_ports,
    port_owner,
    public_services,
    retire_public_ports,
    undo_public_ports,
)
from tasks.public_port_range import PublicPortRange

SPAN = PublicPortRange("127.0.0.1", 8300, 8302)


def take(ledger: Ledger, project: str, now: float = 0.0, port: int | None = None) -> int:
    """Lease a public port to the service `web` of a project."""
    return lease_public_ports(ledger, SPAN, PortOwner(project, "dev"), {"web": port}, now).ports[
        "web"
    ]


def retire(ledger: Ledger, project: str, now: float) -> None:
    """Stop the service `web` of a project."""
    retire_public_ports(ledger, PortOwner(project, "dev"), ["web"], now)


def holders(ledger: Ledger) -> dict[int, str]:
    """Return who holds which port."""
    return {lease.port: lease.owner for lease in ports(ledger)}


def test_a_stopped_service_gets_its_own_port_back(ledger: Ledger) -> None:
    """Broken: bookmarks and proxies would lead to nothing after a stop and a launch."""
    assert [take(ledger, "a"), take(ledger, "b")] == [8300, 8301]
    retire(ledger, "a", 1.0)
    assert take(ledger, "c") == 8302
    assert take(ledger, "a") == 8300


def test_ports_of_stopped_services_return_when_ports_are_short(ledger: Ledger) -> None:
    """Broken: after 32 services ever, nothing could be launched any more."""
    for project in "abc":
        take(ledger, project)
    retire(ledger, "b", 1.0)
    retire(ledger, "a", 2.0)
    assert take(ledger, "d") == 8301  # the one that was given up first
    assert take(ledger, "a") == 8300
    assert holders(ledger)[8301] == "front/d/dev/web"


def test_the_holder_of_a_public_port_is_read_as_it_is_written() -> None:
    """Broken: the public ports of a project that is forgotten would lead to the next one."""
    shop = PortOwner("shop", "dev")
    assert port_owner(shop.owner("web")) == shop
    assert shop.owns(shop.owner("web"))
    assert not PortOwner("shop", "de").owns(shop.owner("web"))
    assert [port_owner("instance/i1"), port_owner("front/another")] == [None, None]


def test_ports_of_what_runs_are_never_taken(ledger: Ledger) -> None:
    """Broken: users of one project would reach another; the remedy must be one that helps."""
    for project in "abc":
        take(ledger, project)
    with pytest.raises(BusyError, match=r"lead to a/dev/web, b/dev/web.*SLIPWAY_ROUTER_SLOTS"):
        take(ledger, "d")
    assert len(ports(ledger)) == 3


def test_a_launch_gets_all_its_ports_or_none(ledger: Ledger) -> None:
    """Broken: a launch that fails would leave leases behind."""
    take(ledger, "a")
    pins = dict.fromkeys(["one", "two", "three"])
    with pytest.raises(BusyError):
        lease_public_ports(ledger, SPAN, PortOwner("b", "dev"), pins, 1.0)
    assert holders(ledger) == {8300: "front/a/dev/web"}


def test_a_pinned_port_is_given_to_who_asks_for_it(ledger: Ledger) -> None:
    """Broken: a service could not be found at a port that its users know."""
    assert take(ledger, "a", port=8302) == 8302
    leased = lease_public_ports(
        ledger, SPAN, PortOwner("b", "dev"), {"api": None, "web": 8300}, 1.0
    )
    assert leased.ports == {"api": 8301, "web": 8300}


def test_a_pin_that_another_holds_is_refused_with_its_name(ledger: Ledger) -> None:
    """Broken: two services would fight for a port, or nobody would know who has it."""
    take(ledger, "a")
    with pytest.raises(BadInputError, match=r"projects\.b\.services\.web\.port.*of a/dev/web"):
        take(ledger, "b", port=8300)
    with pytest.raises(BadInputError, match="the public ports are 8300 to 8302"):
        take(ledger, "b", port=9000)
    retire(ledger, "a", 1.0)
    assert take(ledger, "b", port=8300) == 8300


def test_a_service_that_moves_to_its_pin_keeps_both_until_it_has_moved(ledger: Ledger) -> None:
    """Broken: another project would get the old port while users are still sent there."""
    place = PortOwner("a", "dev")
    take(ledger, "a")
    leased = lease_public_ports(ledger, SPAN, place, {"web": 8302}, 1.0)
    assert moved_public_ports(ledger, SPAN, place) == {"web": 8300}
    assert take(ledger, "b") == 8301
    undo_public_ports(ledger, SPAN, place, leased)
    assert (take(ledger, "a"), moved_public_ports(ledger, SPAN, place)) == (8300, {})
    lease_public_ports(ledger, SPAN, place, {"web": 8302}, 1.0)
    forget_moved(ledger, SPAN, place, "web")
    assert take(ledger, "c") == 8300


def test_what_failed_holds_what_it_held_before(ledger: Ledger) -> None:
    """Broken: each failed launch would use up a port."""
    place = PortOwner("a", "dev")
    undo_public_ports(
        ledger, SPAN, place, lease_public_ports(ledger, SPAN, place, {"web": None}, 1.0)
    )
    assert ports(ledger) == []
    take(ledger, "a")
    retire(ledger, "a", 2.0)
    undo_public_ports(
        ledger, SPAN, place, lease_public_ports(ledger, SPAN, place, {"web": None}, 3.0)
    )
    assert [lease.released_at for lease in ports(ledger)] == [2.0]
    assert public_services(ledger, place) == {}


def test_a_router_that_has_grown_changes_no_port(ledger: Ledger) -> None:
    """Broken: every service would answer elsewhere once there are more public ports."""
    take(ledger, "a")
    wider = PublicPortRange("127.0.0.1", 8300, 8400)
    leased = lease_public_ports(ledger, wider, PortOwner("a", "dev"), {"web": None}, 1.0)
    assert (leased.ports, len(ports(ledger))) == ({"web": 8300}, 1)
    moved = PublicPortRange("127.0.0.1", 9300, 9302)
    assert lease_public_ports(ledger, moved, PortOwner("a", "dev"), {"web": None}, 1.0).ports == {
        "web": 9300
    }
    assert len(ports(ledger)) == 1


def test_deploying_leaves_a_port_that_serves(ledger: Ledger) -> None:
    """Broken: a rollout, which moves one public port, would leave users at the old one."""
    take(ledger, "a")
    place, pins = PortOwner("a", "dev"), {"web": 8302}
    assert lease_public_ports(ledger, SPAN, place, pins, 1.0, move=False).ports == {"web": 8300}
    retire(ledger, "a", 2.0)
    assert lease_public_ports(ledger, SPAN, place, pins, 3.0, move=False).ports == {"web": 8302}
