"""Which providers can take a step at all, and a clear refusal where none can. Pure."""

from __future__ import annotations

from blocks.providers.interface import Resources
from tasks.errors import BadInputError
from tasks.plan import FleetSnapshot, ProviderState
from tasks.workload import StepGraph


def admissible(demand: Resources, fleet: FleetSnapshot) -> tuple[ProviderState, ...]:
    """Return the providers whose whole capacity holds ``demand``."""
    return tuple(item for item in fleet.providers if item.capacity.fits(demand))


def why_not(demand: Resources, provider: ProviderState) -> str:
    """Say what of ``demand`` goes beyond the capacity of ``provider``; empty when nothing does."""
    lacking = provider.capacity.lacks(demand)
    return "lacks " + amounts(lacking) if lacking else ""


def amounts(components: dict[str, float]) -> str:
    """Write components of a vector as text, e.g. ``2 cpus, 512 memory_mib``."""
    return ", ".join(f"{amount:g} {name}" for name, amount in components.items() if amount)


def refuse_impossible(graph: StepGraph, fleet: FleetSnapshot) -> None:
    """Raise BadInputError where there is no provider, or a step that fits none of them."""
    held: set[int] = set()  # steps share few demands, and looking at one takes long
    for step in graph.steps:
        if id(step.demand) in held:
            continue
        held.add(id(step.demand))
        # What is cut out of a suite is no step that its user has written.
        own = "" if step.items else f".steps.{step.id}"
        refuse_demand(f"workloads.{graph.workload}{own}.demand", step.demand, fleet)


def refuse_demand(field: str, demand: Resources, fleet: FleetSnapshot) -> None:
    """Raise BadInputError where there is no provider, or ``demand`` fits none of them."""
    if not fleet.providers:
        raise BadInputError("providers", [], "there is no provider", "Name at least one")
    if admissible(demand, fleet):
        return
    largest = min(fleet.providers, key=lambda item: _excess(demand, item))
    raise BadInputError(
        field,
        amounts(demand.model_dump()),
        f"beyond every provider; the largest, {largest.name}, "
        f"has {amounts(largest.capacity.model_dump())} and {why_not(demand, largest)}",
        "Lower the demand, or name a larger provider",
    )


def _excess(demand: Resources, provider: ProviderState) -> float:
    asked: dict[str, float] = demand.model_dump()
    return max(amount / asked[name] for name, amount in provider.capacity.lacks(demand).items())
