"""Registered providers, and their free capacity."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import RowMapping, insert, select, update

from blocks.providers.interface import Provider, Resources
from tasks.errors import NotFoundError
from tasks.ledger.connection import Ledger
from tasks.ledger.tables.capacity import allocations
from tasks.ledger.tables.capacity import providers as table
from tasks.plan import FleetSnapshot, ProviderState

Offer = tuple[str, Resources, float, float]
"""The values in which a provider may change: kind, capacity, speed, price an hour."""

REGISTER = "Create its block, or add it to slipway.yaml and run the flow `configure`."


def register_provider(  # noqa: PLR0917 - the fields of a provider
    ledger: Ledger,
    name: str,
    kind: str,
    capacity: Resources,
    speed: float,
    price_per_hour: float,
    now: float,
) -> None:
    """Record a provider, or its changes; its allocations stay.

    ``speed`` divides durations. Registering the same again writes nothing.
    """
    values = {
        "kind": kind,
        "capacity": capacity,
        "speed": speed,
        "price_per_hour": price_per_hour,
        "removed_at": None,
    }
    with ledger.write() as connection:
        row = connection.execute(select(table).where(table.c.name == name)).mappings().one_or_none()
        if row is None:
            connection.execute(
                insert(table).values(name=name, epoch=0, registered_at=now, **values)
            )
        elif any(row[key] != value for key, value in values.items()):
            connection.execute(
                update(table)
                .where(table.c.name == name)
                .values(epoch=table.c.epoch + 1, registered_at=now, **values)
            )


@dataclass(frozen=True, slots=True)
class ProviderChanges:
    """The names of the providers that were registered, changed or removed."""

    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


def follow_providers(
    ledger: Ledger, configured: Mapping[str, Provider], now: float
) -> ProviderChanges:
    """Register new or changed providers of ``configured``, and mark missing ones as removed.

    What runs on a removed provider goes on; the provider is only missing in `provider_names`.
    """
    with ledger.read() as connection:
        rows = connection.execute(select(table)).mappings()
        registered = {row["name"]: _offer(row) for row in rows if row["removed_at"] is None}
    changed = [
        name for name, provider in configured.items() if registered.get(name) != _offered(provider)
    ]
    for name in changed:
        kind, capacity, speed, price = _offered(configured[name])
        register_provider(ledger, name, kind, capacity, speed, price, now)
    removed = sorted(registered.keys() - configured.keys())
    if removed:
        with ledger.write() as connection:
            connection.execute(
                update(table)
                .where(table.c.name.in_(removed))
                .values(removed_at=now, epoch=table.c.epoch + 1)
            )
    return ProviderChanges(tuple(changed), tuple(removed))


def provider_names(ledger: Ledger) -> list[str]:
    """Return the names of all providers that were not removed, sorted."""
    query = select(table.c.name).where(table.c.removed_at.is_(None)).order_by(table.c.name)
    with ledger.read() as connection:
        return list(connection.execute(query).scalars())


def _offer(row: RowMapping) -> Offer:
    return row["kind"], row["capacity"], row["speed"], row["price_per_hour"]


def _offered(provider: Provider) -> Offer:
    return provider.kind, provider.capacity, provider.speed, provider.price_per_hour


def epochs(ledger: Ledger, names: Collection[str]) -> dict[str, int]:
    """Return the epochs of these providers, which tell whether asking admission again may help."""
    with ledger.read() as connection:
        rows = connection.execute(
            select(table.c.name, table.c.epoch).where(table.c.name.in_(names))
        )
        return {row.name: row.epoch for row in rows}


def fleet(ledger: Ledger, names: Collection[str], now: float) -> FleetSnapshot:
    """Return the providers of ``names``, in that order, with their free capacity at ``now``.

    Raises:
        NotFoundError: When one of them is not registered.
    """
    version = ledger.version()
    with ledger.read() as connection:
        registered = {row["name"]: row for row in connection.execute(select(table)).mappings()}
        allocated: dict[str, Resources] = {}
        for provider, demand in connection.execute(
            select(allocations.c.provider, allocations.c.demand).where(
                allocations.c.provider.in_(names)
            )
        ):
            allocated[provider] = allocated.get(provider, Resources()) + demand
    for name in names:
        if name not in registered:
            raise NotFoundError("providers", name, list(registered), REGISTER)
    return FleetSnapshot(
        version,
        now,
        tuple(
            ProviderState(
                name=name,
                kind=registered[name]["kind"],
                capacity=registered[name]["capacity"],
                free=registered[name]["capacity"].minus(allocated.get(name, Resources())),
                speed=registered[name]["speed"],
                price_per_hour=registered[name]["price_per_hour"],
            )
            for name in names
        ),
    )
