"""Capacity shortages: the demand forecast of the next week against the providers' capacity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analytics.demand.capacity import Capacity, outlook
from analytics.demand.chart import DemandOutlook
from analytics.insights.lifecycle import Finding, of_outlook
from tasks.plan import ProviderState

# The parts of a provider's capacity, by the demand forecast that they are compared with.
CAPACITY_PARTS = {"steps": "slots", "cpus": "cpus", "memory_mib": "memory_mib"}


def capacities(providers: Sequence[ProviderState]) -> list[Capacity]:
    """Return the total capacity of the providers, in units of the largest of them."""
    totals = []
    for measure, part in CAPACITY_PARTS.items():
        amounts = [float(getattr(provider.capacity, part)) for provider in providers]
        if not sum(amounts):
            continue
        largest = max(range(len(amounts)), key=amounts.__getitem__)
        price = providers[largest].price_per_hour
        # The last provider is never given back.
        minimum = amounts[largest]
        totals.append(Capacity(measure, sum(amounts), amounts[largest], price, minimum))
    return totals


def shortages(
    demands: Mapping[str, DemandOutlook], providers: Sequence[ProviderState], now: float
) -> list[Finding]:
    """Return findings on capacity that will run out, or that could be given back."""
    findings = []
    for capacity in capacities(providers):
        if demand_outlook := demands.get(capacity.measure):
            capacity_outlook = outlook(demand_outlook.demand, capacity, demand_outlook.start)
            findings.append(of_outlook(capacity_outlook, now))
    return [finding for finding in findings if finding]
