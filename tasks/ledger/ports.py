"""Leases of service ports, unique by host and number also under concurrent requests.

The ledger knows only its own leases; a port that another program uses is found by binding it, and
the next lease then avoids it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from tasks.errors import BadInputError, BusyError
from tasks.ledger.connection import Ledger
from tasks.ledger.tables.deployment import ports as table


@dataclass(frozen=True, slots=True)
class PortLease:
    """A port that belongs to ``owner`` until it is released.

    ``released_at``: since when a public port is unused; its owner keeps it until another needs it.
    """

    host: str
    port: int
    owner: str
    leased_at: float
    released_at: float | None = None


def lease_port(  # noqa: PLR0917 - a range, an owner and a moment
    ledger: Ledger,
    host: str,
    low: int,
    high: int,
    owner: str,
    now: float,
    avoid: Collection[int] = frozenset(),
) -> int:
    """Lease the lowest free port of ``low`` to ``high`` (inclusive) to ``owner``.

    The same owner gets the same port of that range again, unless it is among those to avoid;
    then that lease is given up for another.

    Raises:
        BadInputError: When the range is empty.
        BusyError: When every port of the range is leased or avoided.
    """
    if low > high:
        raise BadInputError("ports", (low, high), "an empty range", "Write the lower port first.")
    with ledger.write() as connection:
        current = _held(connection, host, low, high, owner)
        if current is not None and current not in avoid:
            return current
        if current is not None:
            connection.execute(delete(table).where(table.c.host == host, table.c.port == current))
        port = _free(connection, host, low, high, avoid)
        connection.execute(
            insert(table).values(
                host=host, port=port, owner=owner, low=low, high=high, leased_at=now
            )
        )
    return port


def release_ports(ledger: Ledger, *owners: str) -> None:
    """Give back every port of ``owners``."""
    with ledger.write() as connection:
        connection.execute(delete(table).where(table.c.owner.in_(owners)))


def ports(ledger: Ledger) -> list[PortLease]:
    """Return all leases, by host and port."""
    query = select(
        table.c.host, table.c.port, table.c.owner, table.c.leased_at, table.c.released_at
    )
    with ledger.read() as connection:
        rows = connection.execute(query.order_by(table.c.host, table.c.port)).mappings()
        return [PortLease(**row) for row in rows]


def port_of(ledger: Ledger, owner: str) -> int | None:
    """Return the port of ``owner``, or its first if it has several; None if it has none."""
    query = select(table.c.port).where(table.c.owner == owner).order_by(table.c.leased_at).limit(1)
    with ledger.read() as connection:
        port: int | None = connection.execute(query).scalar_one_or_none()
    return port


def _held(connection: Connection, host: str, low: int, high: int, owner: str) -> int | None:
    port: int | None = connection.execute(
        select(table.c.port).where(
            table.c.host == host,
            table.c.owner == owner,
            table.c.low == low,
            table.c.high == high,
        )
    ).scalar_one_or_none()
    return port


def _free(connection: Connection, host: str, low: int, high: int, avoid: Collection[int]) -> int:
    leased = set(
        connection.execute(
            select(table.c.port).where(table.c.host == host, table.c.port.between(low, high))
        ).scalars()
    )
    for port in range(low, high + 1):
        if port not in leased and port not in avoid:
            return port
    raise BusyError(
        f"no port is free on {host} from {low} to {high}: {len(leased)} are leased, "
        f"{len(set(avoid) - leased)} held by other programs. Stop something, or widen the range: "
        "SLIPWAY_SERVICE_PORT_LOW and SLIPWAY_SERVICE_PORT_HIGH."
    )
