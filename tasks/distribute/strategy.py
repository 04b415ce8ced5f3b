"""By which rule a plan chooses among the providers that can take a step. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tasks.errors import NotFoundError
from tasks.plan import ProviderState

PLANNED = "planned"


@dataclass(frozen=True, slots=True)
class Option:
    """One provider for one step: when it would start and end there (seconds), and its cost."""

    provider: ProviderState
    start: float
    end: float
    cost: float


Strategy = Callable[[Sequence[Option], int], Option]
"""Chooses among options; the number says how many steps were placed before."""


def earliest_finish(options: Sequence[Option], _placed: int) -> Option:
    """Take the provider that ends it first; of equal ones the cheapest."""
    return min(options, key=lambda option: (option.end, option.cost))


def round_robin(options: Sequence[Option], placed: int) -> Option:
    """Take the providers in turn."""
    return options[placed % len(options)]


def cheapest(options: Sequence[Option], _placed: int) -> Option:
    """Take the provider that costs least; of equal ones the first to end it."""
    return min(options, key=lambda option: (option.cost, option.end))


STRATEGIES: dict[str, Strategy] = {
    PLANNED: earliest_finish,
    "round_robin": round_robin,
    "cheapest": cheapest,
}


def strategy_of(name: str) -> Strategy:
    """Return the strategy of that name, or raise NotFoundError with those there are."""
    try:
        return STRATEGIES[name]
    except KeyError:
        raise NotFoundError("strategy", name, list(STRATEGIES), "Choose one of them") from None
