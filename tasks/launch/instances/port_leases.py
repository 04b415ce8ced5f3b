"""The ports that instances listen on: leased in the ledger, and free on this machine."""

from __future__ import annotations

from blocks.providers.process.probe import can_bind
from tasks.ledger.connection import Ledger
from tasks.ledger.ports import lease_port, release_ports


def lease_free_port(
    ledger: Ledger, host: str, ports: tuple[int, int], instance_id: str, now: float
) -> int:
    """Lease a port of the range (inclusive) to an instance.

    One that a foreign program listens on is left to it, and another one leased.

    Raises:
        BusyError: No port of the range is free.
    """
    avoid: set[int] = set()
    while True:
        port = lease_port(
            ledger, host, *ports, owner=_owner(instance_id), now=now, avoid=frozenset(avoid)
        )
        if can_bind(host, port):
            return port
        avoid.add(port)


def give_back(ledger: Ledger, *instance_ids: str) -> None:
    """Give back the ports of these instances."""
    release_ports(ledger, *map(_owner, instance_ids))


def _owner(instance_id: str) -> str:
    return f"instance/{instance_id}"
