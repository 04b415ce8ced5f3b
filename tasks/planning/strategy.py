"""Strategies: the rules by which a plan chooses among the providers of a step; pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from blocks.providers.interface import Resources
from tasks.errors import NotFoundError
from tasks.plan import ProviderState

PLANNED = "planned"
STORED = "stored"
"""The strategy of a plan that was read back; steps that join it later go by earliest finish."""

GOAL = "goal"
"""The strategy of a plan for a budget or a deadline; steps that join it later go by cost."""


@dataclass(frozen=True, slots=True)
class Option:
    """One provider for one step: when it would start and end there (seconds), and its cost."""

    provider: ProviderState
    start: float
    end: float
    cost: float


Strategy = Callable[[Sequence[Option], int], Option]
"""Chooses among options; the number is that of the steps placed before."""


def earliest_finish(options: Sequence[Option], _placed: int) -> Option:
    """Take the provider on which the step ends first; of equal ones the cheapest."""
    return min(options, key=lambda option: (option.end, option.cost))


def round_robin(options: Sequence[Option], placed: int) -> Option:
    """Take the providers in turn."""
    return options[placed % len(options)]


def cheapest(options: Sequence[Option], _placed: int) -> Option:
    """Take the provider that costs least; of equal ones that on which the step ends first."""
    return min(options, key=lambda option: (option.cost, option.end))


def fastest(options: Sequence[Option], _placed: int) -> Option:
    """Take the fastest provider, even where the step has to wait for it."""
    return min(options, key=lambda option: (-option.provider.speed, option.end))


def capability(options: Sequence[Option], _placed: int) -> Option:
    """Take the smallest of the providers that have room first.

    This is best fit: large and general providers stay free for steps that fit nowhere else.
    """
    first = min(option.start for option in options)
    having_room = [option for option in options if option.start <= first]
    largest = _largest([option.provider.capacity for option in options])
    return min(having_room, key=lambda o: (_size(o.provider.capacity, largest), o.end))


def _largest(capacities: Sequence[Resources]) -> dict[str, float]:
    all_components = [capacity.model_dump() for capacity in capacities]
    return {
        name: max(components[name] for components in all_components) for name in all_components[0]
    }


def _size(capacity: Resources, largest: dict[str, float]) -> float:
    """Return the sum of the components, each as a share of the largest there is."""
    parts: dict[str, float] = capacity.model_dump()
    return sum(part / largest[name] for name, part in parts.items() if part)


def least_loaded() -> Strategy:
    """Return a strategy that takes the provider with the least work for its size so far.

    Work is counted in seconds a lane (slot, else CPU) on that provider.
    """
    seconds_given: defaultdict[str, float] = defaultdict(float)

    def choose(options: Sequence[Option], _placed: int) -> Option:
        least = min(options, key=lambda option: (seconds_given[option.provider.name], option.end))
        capacity = least.provider.capacity
        lanes = capacity.slots or capacity.cpus or 1.0
        seconds_given[least.provider.name] += (least.end - least.start) / lanes
        return least

    return choose


# Created for each plan, as a strategy may remember what it has placed.
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
        NotFoundError: There is none; the error names those that there are.
    """
    if name == STORED:
        return earliest_finish
    if name == GOAL:
        return cheapest
    try:
        return STRATEGIES[name]()
    except KeyError:
        raise NotFoundError("strategy", name, list(STRATEGIES), "Choose one of them") from None
