"""Forecasts of the demand in each coming hour, as analytics last published them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass

from sqlalchemy import delete, insert, select

from tasks.ledger.connection import Ledger
from tasks.ledger.tables.learning import forecasts as table


@dataclass(frozen=True, slots=True)
class HourForecast:
    """The forecast of ``measure`` for the hour that begins at epoch second ``hour``.

    Eight hours of ten should lie between ``low`` and ``high``; ``mean`` adds up over hours.
    """

    measure: str
    hour: float
    median: float
    mean: float
    low: float
    high: float


def publish_forecasts(ledger: Ledger, published: Collection[HourForecast], now: float) -> None:
    """Publish forecasts, in place of all earlier ones."""
    with ledger.write() as connection:
        connection.execute(delete(table))
        if published:
            rows = [asdict(forecast) | {"published_at": now} for forecast in published]
            connection.execute(insert(table), rows)


def forecasts(ledger: Ledger, measure: str | None = None) -> list[HourForecast]:
    """Return the forecasts of one measure, or of all, by measure and hour."""
    columns = [table.c[name] for name in HourForecast.__slots__]
    query = select(*columns).order_by(table.c.measure, table.c.hour)
    if measure is not None:
        query = query.where(table.c.measure == measure)
    with ledger.read() as connection:
        return [HourForecast(**row) for row in connection.execute(query).mappings()]
