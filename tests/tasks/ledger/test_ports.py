"""Tests of port leases, which are unique under concurrent requests."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tasks.errors import BadInputError, BusyError
from tasks.ledger.connection import Ledger, open_ledger
from tasks.ledger.ports import lease_port, port_of, ports, release_ports

HOST = "127.0.0.1"


def test_the_same_owner_gets_the_same_port(ledger: Ledger) -> None:
    """A restarted service would otherwise answer elsewhere, and leases would pile up."""
    first = lease_port(ledger, HOST, 20000, 20009, "web", 1.0)
    assert lease_port(ledger, HOST, 20000, 20009, "web", 2.0) == first
    assert len(ports(ledger)) == 1
    assert port_of(ledger, "web") == first


def test_a_range_of_its_own_gives_a_port_of_its_own(ledger: Ledger) -> None:
    """A public port and a service port of one owner must not be taken for each other."""
    lease_port(ledger, HOST, 20000, 20009, "web", 1.0)
    assert lease_port(ledger, HOST, 8300, 8309, "web", 2.0) == 8300


def test_a_port_to_avoid_is_given_up_for_another(ledger: Ledger) -> None:
    """A port that a foreign program listens on would otherwise be handed out for ever."""
    assert lease_port(ledger, HOST, 20000, 20009, "web", 1.0) == 20000
    assert lease_port(ledger, HOST, 20000, 20009, "web", 2.0, avoid={20000}) == 20001
    assert port_of(ledger, "web") == 20001
    assert lease_port(ledger, HOST, 20000, 20009, "api", 3.0) == 20000


def test_released_ports_are_free_again(ledger: Ledger) -> None:
    """Otherwise a range would be used up by services long gone."""
    lease_port(ledger, HOST, 20000, 20000, "web", 1.0)
    with pytest.raises(BusyError, match="20000"):
        lease_port(ledger, HOST, 20000, 20000, "api", 2.0)
    release_ports(ledger, "web")
    assert port_of(ledger, "web") is None
    assert lease_port(ledger, HOST, 20000, 20000, "api", 3.0) == 20000


def test_other_hosts_have_ports_of_their_own(ledger: Ledger) -> None:
    """On PostgreSQL several hosts share a ledger, but not their ports."""
    assert lease_port(ledger, HOST, 20000, 20000, "web", 1.0) == 20000
    assert lease_port(ledger, "10.0.0.2", 20000, 20000, "web", 1.0) == 20000


def test_an_empty_range_is_bad_input(ledger: Ledger) -> None:
    """Otherwise swapped settings would read as `no port is free`."""
    with pytest.raises(BadInputError):
        lease_port(ledger, HOST, 5, 4, "web", 1.0)


def test_fifty_at_once_never_share_a_port(ledger: Ledger, url: str) -> None:
    """Two services on one port: one of them would not start."""
    ledgers = [ledger, open_ledger(url), open_ledger(url)]
    with ThreadPoolExecutor(8) as pool:
        leased = list(
            pool.map(
                lambda n: lease_port(ledgers[n % 3], HOST, 20000, 20049, f"web{n}", 1.0), range(50)
            )
        )
    assert sorted(leased) == list(range(20000, 20050))
    for other in ledgers[1:]:
        other.close()
