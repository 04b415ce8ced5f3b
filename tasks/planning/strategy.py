"""By which rule a plan chooses among the providers that can take a step. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from blocks.providers.interface import Resources
from tasks.errors import NotFoundError
from tasks.plan import ProviderState

PLANNED = "planned"
STORED = "stored"
"""What a plan is called that was read back; what joins it later ends as early as it can."""

GOAL = "goal"
"""What a plan is called that was made for money or a deadline; what joins it goes where cheap."""


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


def fastest(options: Sequence[Option], _placed: int) -> Option:
    """Take the provider of the highest speed, also where that means to wait for it."""
    return min(options, key=lambda option: (-option.provider.speed, option.end))


def capability(options: Sequence[Option], _placed: int) -> Option:
    """Of the providers that have room first, take the one that can do least beside it.

    This is best fit: large and general providers stay free for what fits nowhere else.
    """
    first = min(option.start for option in options)
    having_room = [option for option in options if option.start <= first]
    largest = _largest([option.provider.capacity for option in options])
    return min(having_room, key=lambda o: (_size(o.provider.capacity, largest), o.end))


def _largest(capacities: Sequence[Resources]) -> dict[str, float]:
    whole = [capacity.model_dump() for capacity in capacities]
    return {name: max(each[name] for each in whole) for name in whole[0]}


def _size(capacity: Resources, largest: dict[str, float]) -> float:
    """Return the sum of the components, each as a share of the largest there is."""
    parts: dict[str, float] = capacity.model_dump()
    return sum(part / largest[name] for name, part in parts.items() if part)


def least_loaded() -> Strategy:
    """Return a strategy that takes the provider which was given least work for its size.

    Work is counted in seconds a lane (slot, else CPU), as they take on that provider.
    """
    given: defaultdict[str, float] = defaultdict(float)

    def choose(options: Sequence[Option], _placed: int) -> Option:
        chosen = min(options, key=lambda option: (given[option.provider.name], option.end))
        capacity = chosen.provider.capacity
        lanes = capacity.slots or capacity.cpus or 1.0
        given[chosen.provider.name] += (chosen.end - chosen.start) / lanes
        return chosen

    return choose


# Made anew for each plan, as one may remember what it has placed.
STRATEGIES: dict[str, Callable[[], Strategy]] = {
    PLANNED: lambda: earliest_finish,
    "least_loaded": least_loaded,
    "capability": lambda: capability,
    "fastest": lambda: fastest,
    "round_robin": lambda: round_robin,
    "cheapest": lambda: cheapest,
}


def strategy_of(name: str) -> Strategy:
    """Return the strategy of that name for one plan.

    Raises:
        NotFoundError: There is none; it names those there are.
    """
    if name == STORED:
        return earliest_finish
    if name == GOAL:
        return cheapest
    try:
        return STRATEGIES[name]()
    except KeyError:
        raise NotFoundError("strategy", name, list(STRATEGIES), "Choose one of them") from None
