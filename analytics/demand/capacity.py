"""The capacity outlook: when capacity runs out, what more would cost, and what could be given back.

It compares a forecast of the slots, CPUs or memory in use with the capacity. A shortage is likely
where the median of the forecast exceeds the capacity, and possible where its upper bound does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from analytics.demand.forecast import Demand
from analytics.demand.hourly import HOUR_SECONDS
from analytics.statistics.seasonal import Values


@dataclass(frozen=True, slots=True)
class Capacity:
    """The capacity of one measure.

    It is added and given back in units of ``unit``, at ``price`` for each unit and hour; ``kept``
    is the amount that is never given back.
    """

    measure: str
    amount: float
    unit: float = 1.0
    price: float = 0.0
    kept: float = 0.0


@dataclass(frozen=True, slots=True)
class CapacityOutlook:
    """The outlook of one measure over the hours of the forecast; times are epoch seconds.

    ``short`` is the largest excess of the upper bound over the capacity. ``units`` have to be added
    from ``possible_at`` to ``give_back_at`` for ``cost``; None means that they are needed until the
    end of the forecast at least. ``spare_units`` are not needed from ``spare_from`` on, which saves
    ``saved`` until the end of the forecast.
    """

    measure: str
    likely_at: float | None
    possible_at: float | None
    short: float = 0.0
    units: int = 0
    cost: float = 0.0
    give_back_at: float | None = None
    spare_units: int = 0
    spare_from: float | None = None
    saved: float = 0.0


def outlook(demand: Demand, capacity: Capacity, start: float) -> CapacityOutlook:
    """Compare the demand with the capacity; ``start`` is the first moment of the forecast.

    Raises:
        ValueError: The unit in which capacity is added is not positive.
    """
    if capacity.unit <= 0:
        raise ValueError(f"capacity is added in positive units, not of {capacity.unit}")
    over = np.flatnonzero(demand.high > capacity.amount)
    likely = np.flatnonzero(demand.median > capacity.amount)
    if not over.size:
        return _with_spare(demand.high, capacity, start)
    first, after = int(over[0]), int(over[-1]) + 1
    short = float(demand.high.max()) - capacity.amount
    units = math.ceil(short / capacity.unit)
    return CapacityOutlook(
        measure=capacity.measure,
        likely_at=start + int(likely[0]) * HOUR_SECONDS if likely.size else None,
        possible_at=start + first * HOUR_SECONDS,
        short=short,
        units=units,
        cost=units * capacity.price * (after - first),
        give_back_at=start + after * HOUR_SECONDS if after < len(demand.high) else None,
    )


def _with_spare(high: Values, capacity: Capacity, start: float) -> CapacityOutlook:
    """Return the capacity that can be given back, and from which moment on it is not needed again.

    After a peak more can be given back, but later: the moment that saves most is proposed.
    """
    needed = np.maximum(np.maximum.accumulate(high[::-1])[::-1], capacity.kept)
    units = np.floor((capacity.amount - needed) / capacity.unit + 1e-9).clip(min=0)
    hours = len(high) - np.arange(len(high))
    # Without a price, units and hours are maximised instead of money.
    best = int(np.argmax(units * hours))
    count = int(units[best])
    if not count:
        return CapacityOutlook(capacity.measure, None, None)
    return CapacityOutlook(
        measure=capacity.measure,
        likely_at=None,
        possible_at=None,
        spare_units=count,
        spare_from=start + best * HOUR_SECONDS,
        saved=count * capacity.price * int(hours[best]),
    )
