"""Leases of public ports, which last beyond a stop until another service needs the port.

A stopped service keeps its number as long as there are others, so that it is found at its old
address when it comes back. All ports of a launch are leased in one transaction: all, or none.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from tasks.errors import BadInputError, BusyError
from tasks.ledger.connection import Ledger
from tasks.ledger.ports import PortLease
from tasks.ledger.tables.deployment import ports as table
from tasks.public_port_range import PublicPortRange

_FRONT = "front/"
_MOVING = "#moving"
_NAMED_OWNERS = 5
_COLUMNS = (table.c.host, table.c.port, table.c.owner, table.c.leased_at, table.c.released_at)


@dataclass(frozen=True, slots=True)
class PortOwner:
    """An environment of a project, whose services own public ports."""

    project: str
    environment: str

    def owner(self, service: str) -> str:
        """Return the name under which a service holds its public port in the ledger."""
        return f"{_FRONT}{self.project}/{self.environment}/{service}"

    def owns(self, owner: str) -> bool:
        """Tell whether the holder of a lease is one of its services."""
        return owner.startswith(self.owner(""))


@dataclass(frozen=True, slots=True)
class LeasedPorts:
    """The port of each service, and the lease that it had before; None if it had none."""

    ports: Mapping[str, int]
    before: Mapping[str, PortLease | None]


def port_owner(owner: str) -> PortOwner | None:
    """Return which environment the holder of a lease belongs to; None if it is not a public port."""
    project, _, rest = owner.removeprefix(_FRONT).partition("/")
    environment, _, service = rest.partition("/")
    return PortOwner(project, environment) if owner.startswith(_FRONT) and service else None


def lease_public_ports(
    ledger: Ledger,
    span: PublicPortRange,
    place: PortOwner,
    pins: Mapping[str, int | None],
    now: float,
    *,
    move: bool = True,
) -> LeasedPorts:
    """Lease a public port to each service of ``pins``: its pin, its last one, or a free one.

    When none is free, the one that was given up first is taken from its last owner. With
    ``move``, a service that holds another port than its pin is moved: it keeps both until
    `forget_moved`.

    Raises:
        BadInputError: A pin is not a public port, or another service holds it.
        BusyError: Every public port leads to a service that is meant to run.
    """
    with ledger.write() as connection:
        before = {service: _held(connection, span, place.owner(service)) for service in pins}
        # Pins come first, or another service of the same launch might get the number.
        for service in sorted(pins, key=lambda name: pins[name] is None):
            own, pin = before[service], pins[service]
            if pin is not None and own is not None and not move and own.released_at is None:
                pin = None
            _lease(connection, span, place, service, own, pin, now)
        return LeasedPorts(_numbers(connection, span, place, pins), before)


def undo_public_ports(
    ledger: Ledger, span: PublicPortRange, place: PortOwner, leased: LeasedPorts
) -> None:
    """Restore the former lease of every service of ``leased``."""
    with ledger.write() as connection:
        for service, lease in leased.before.items():
            _drop(connection, span, [place.owner(service), place.owner(service) + _MOVING])
            if lease is not None and lease.port not in _numbers_taken(connection, span):
                _insert(connection, span, lease)


def moved_public_ports(ledger: Ledger, span: PublicPortRange, place: PortOwner) -> dict[str, int]:
    """Return the ports that services have moved away from, by service."""
    prefix = place.owner("")
    query = select(table.c.owner, table.c.port).where(
        table.c.host == span.host,
        table.c.owner.startswith(prefix, autoescape=True),
        table.c.owner.endswith(_MOVING, autoescape=True),
    )
    with ledger.read() as connection:
        rows = connection.execute(query).all()
    return {owner.removeprefix(prefix).removesuffix(_MOVING): port for owner, port in rows}


def forget_moved(ledger: Ledger, span: PublicPortRange, place: PortOwner, service: str) -> None:
    """Release the port that ``service`` has moved away from."""
    with ledger.write() as connection:
        _drop(connection, span, [place.owner(service) + _MOVING])


def retire_public_ports(
    ledger: Ledger, place: PortOwner, services: Collection[str], now: float
) -> None:
    """Mark ports of ``services`` as unused; they get them again unless another needs them."""
    owners = [place.owner(service) for service in services]
    with ledger.write() as connection:
        connection.execute(
            update(table)
            .where(table.c.owner.in_(owners), table.c.released_at.is_(None))
            .values(released_at=now)
        )


def public_services(ledger: Ledger, place: PortOwner) -> dict[str, int]:
    """Return the services of ``place`` that hold a public port and need it, with the port."""
    prefix = place.owner("")
    query = select(table.c.owner, table.c.port).where(
        table.c.owner.startswith(prefix, autoescape=True), table.c.released_at.is_(None)
    )
    with ledger.read() as connection:
        rows = connection.execute(query).all()
    return {owner.removeprefix(prefix): port for owner, port in rows if _MOVING not in owner}


def _lease(  # noqa: PLR0917 - one step of the transaction above
    connection: Connection,
    span: PublicPortRange,
    place: PortOwner,
    service: str,
    own: PortLease | None,
    pin: int | None,
    now: float,
) -> None:
    owner = place.owner(service)
    if own is not None and own.port in span and pin in {None, own.port}:
        connection.execute(update(table).where(*_of(span, owner)).values(released_at=None))
        return
    if pin is None:
        _drop(connection, span, [owner])  # of a range that is no longer served
        port = _free(connection, span)
    else:
        _require_free(connection, span, place, service, pin)
        if own is not None and own.released_at is None:
            moving = owner + _MOVING
            _drop(connection, span, [moving])
            connection.execute(update(table).where(*_of(span, owner)).values(owner=moving))
        else:
            _drop(connection, span, [owner])
        port = pin
    _insert(connection, span, PortLease(span.host, port, owner, now))


def _require_free(
    connection: Connection, span: PublicPortRange, place: PortOwner, service: str, pin: int
) -> None:
    """Take ``pin`` from an owner that does not need it; refuse if its owner needs it."""
    span.require(place.project, service, pin)
    is_pin = (table.c.host == span.host, table.c.port == pin)
    holder = connection.execute(select(*_COLUMNS).where(*is_pin)).mappings().one_or_none()
    if holder is not None and holder["released_at"] is None:
        raise BadInputError(
            f"projects.{place.project}.services.{service}.port",
            pin,
            f"it is the public port of {_shown(holder['owner'])}",
            "Write another one, or stop that first; without `port`, each environment gets its own.",
        )
    connection.execute(delete(table).where(*is_pin))


def _free(connection: Connection, span: PublicPortRange) -> int:
    """Return the lowest port that was never leased, else the one that was given up first."""
    leases = {lease.port: lease for lease in _in_range(connection, span)}
    for port in range(span.first, span.last + 1):
        if port not in leases:
            return port
    idle = [lease for lease in leases.values() if lease.released_at is not None]
    if not idle:
        raise _exhausted(span, sorted(lease.owner for lease in leases.values()))
    port = min(idle, key=lambda lease: (lease.released_at, lease.port)).port
    connection.execute(delete(table).where(table.c.host == span.host, table.c.port == port))
    return port


def _exhausted(span: PublicPortRange, owners: list[str]) -> BusyError:
    names = ", ".join(map(_shown, owners[:_NAMED_OWNERS]))
    more = f" and {len(owners) - _NAMED_OWNERS} more" if owners[_NAMED_OWNERS:] else ""
    slots = span.last - span.first + 1
    return BusyError(
        f"no public port is free: {span.first} to {span.last} on {span.host} lead to {names}{more}. "
        f"Stop one of them, or set SLIPWAY_ROUTER_SLOTS above {slots} and run `make up`: "
        "the router grows without a restart."
    )


def _shown(owner: str) -> str:
    return owner.removeprefix(_FRONT).removesuffix(_MOVING)


def _held(connection: Connection, span: PublicPortRange, owner: str) -> PortLease | None:
    query = select(*_COLUMNS).where(*_of(span, owner))
    rows = [PortLease(**row) for row in connection.execute(query).mappings()]
    return next((row for row in rows if row.port in span), rows[0] if rows else None)


def _numbers(
    connection: Connection, span: PublicPortRange, place: PortOwner, services: Collection[str]
) -> dict[str, int]:
    ports = {lease.owner: lease.port for lease in _in_range(connection, span)}
    return {service: ports[place.owner(service)] for service in services}


def _in_range(connection: Connection, span: PublicPortRange) -> list[PortLease]:
    in_range = table.c.port.between(span.first, span.last)
    query = select(*_COLUMNS).where(table.c.host == span.host, in_range)
    return [PortLease(**row) for row in connection.execute(query).mappings()]


def _numbers_taken(connection: Connection, span: PublicPortRange) -> set[int]:
    query = select(table.c.port).where(table.c.host == span.host)
    return set(connection.execute(query).scalars())


def _of(span: PublicPortRange, owner: str) -> tuple[ColumnElement[bool], ...]:
    return (table.c.host == span.host, table.c.owner == owner)


def _insert(connection: Connection, span: PublicPortRange, lease: PortLease) -> None:
    row = asdict(lease) | {"low": span.first, "high": span.last}
    connection.execute(insert(table).values(row))


def _drop(connection: Connection, span: PublicPortRange, owners: Collection[str]) -> None:
    connection.execute(delete(table).where(table.c.host == span.host, table.c.owner.in_(owners)))
