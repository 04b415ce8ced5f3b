"""Which providers have the capacity for a step, and the refusal where none has; pure."""

from __future__ import annotations

from blocks.providers.interface import Resources
from tasks.errors import BadInputError
from tasks.plan import FleetSnapshot, ProviderState
from tasks.workload import StepGraph


def admissible(demand: Resources, fleet: FleetSnapshot) -> tuple[ProviderState, ...]:
    """Return the providers whose whole capacity holds ``demand``."""
    return tuple(provider for provider in fleet.providers if provider.capacity.fits(demand))


def why_not(demand: Resources, provider: ProviderState) -> str:
    """Name the components of ``demand`` that exceed ``provider``'s capacity; empty if none does."""
    lacking = provider.capacity.lacks(demand)
    return "lacks " + amounts(lacking) if lacking else ""


def amounts(components: dict[str, float]) -> str:
    """Write components of a vector as text, e.g. ``2 cpus, 512 memory_mib``."""
    return ", ".join(f"{amount:g} {name}" for name, amount in components.items() if amount)


def refuse_impossible(graph: StepGraph, fleet: FleetSnapshot) -> None:
    """Raise BadInputError where there is no provider, or a step that fits none of them."""
    checked: set[int] = set()  # steps share few demands, and checking one takes long
    for step in graph.steps:
        if id(step.demand) in checked:
            continue
        checked.add(id(step.demand))
        # The user did not write the steps that a suite is split into.
        suffix = "" if step.items else f".steps.{step.id}"
        refuse_demand(f"workloads.{graph.workload}{suffix}.demand", step.demand, fleet)


def refuse_demand(field: str, demand: Resources, fleet: FleetSnapshot) -> None:
    """Raise BadInputError where there is no provider, or ``demand`` fits none of them."""
    if not fleet.providers:
        raise BadInputError("providers", [], "there is no provider", "Name at least one")
    if admissible(demand, fleet):
        return
    largest = min(fleet.providers, key=lambda provider: _excess(demand, provider))
    raise BadInputError(
        field,
        amounts(demand.model_dump()),
        f"beyond every provider; the largest, {largest.name}, "
        f"has {amounts(largest.capacity.model_dump())} and {why_not(demand, largest)}",
        "Lower the demand, or name a larger provider",
    )


def _excess(demand: Resources, provider: ProviderState) -> float:
    demanded: dict[str, float] = demand.model_dump()
    return max(amount / demanded[name] for name, amount in provider.capacity.lacks(demand).items())
