"""The reason why a claim does not fit, as text: resource, amount, holders, and for how long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf

from blocks.providers.interface import Resources

NAMED = 2


def amount(resource: str, value: float) -> str:
    """Return an amount with its unit, e.g. ``1 slot``, ``0.5 cpus``, ``512 MiB``."""
    if resource == "memory_mib":
        return f"{value:g} MiB"
    return f"{value:g} {resource.removesuffix('s') if value == 1 else resource}"


def shortage(provider: str, missing: Mapping[str, float], capacity: Resources) -> str:
    """Return what ``provider`` lacks as text, e.g. ``local lacks 1 slot of 1``."""
    parts = (
        f"{amount(name, value)} of {getattr(capacity, name):g}" for name, value in missing.items()
    )
    return f"{provider} lacks {' and '.join(parts)}"


def holders(held: Sequence[tuple[str, float]]) -> str:
    """Return the holders as text, each with its remaining seconds, the first to end first."""
    if not held:
        return "held by nobody"
    ordered = sorted(held, key=lambda item: (item[1], item[0]))
    named = [f"{owner} {about(seconds)}" for owner, seconds in ordered[:NAMED]]
    others = len(ordered) - len(named)
    return "held by " + " and ".join(named) + (f" and {others} more" if others else "")


def about(seconds: float) -> str:
    """Return a remaining time as text, roughly."""
    return "for an unknown time" if seconds == inf else f"for about {max(1, round(seconds))} s more"


def never_fits(provider: str, owner: str, demand: Resources, capacity: Resources) -> str:
    """Return the refusal of a ``demand`` beyond the whole capacity, with its remedy."""
    parts = (
        f"{amount(name, getattr(demand, name))} of {getattr(capacity, name):g}"
        for name in capacity.lacks(demand)
    )
    return (
        f"{owner} needs {' and '.join(parts)} on {provider}: it can never fit. "
        "Lower its demand, raise the provider's capacity, or name another provider."
    )
