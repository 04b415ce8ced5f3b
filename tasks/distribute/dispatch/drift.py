"""How far actual times are off what was expected, by family of steps and by provider. Pure.

The logarithm of actual over expected is taken for a sum of an effect of the family and one of the
provider, found by median polish (Tukey, 1977): a few odd steps move neither. An effect that noise
alone could have brought about counts as none.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median

from tasks.plan import FleetSnapshot
from tasks.workload import Step

# The newest so many ratios are looked at.
_NEWEST = 400
# With fewer ratios, nothing is said.
_LEAST = 3
_SWEEPS = 4
# Of the standard normal distribution: its deviation over the median of absolute values.
_DEVIATION = 1.4826
# The error of a median over that of a mean, and how many errors an effect has to be.
_MEDIAN_ERROR, _ERRORS = 1.2533, 3.0
# Durations are never surer than this.
_LEAST_DEVIATION = 0.1
_LOWEST, _HIGHEST = 1e-3, 1e3


@dataclass(frozen=True, slots=True)
class Ratio:
    """By how much one step was longer than expected on its provider; the natural logarithm."""

    family: str
    provider: str
    log: float


@dataclass(frozen=True, slots=True)
class Correction:
    """By what expected seconds are multiplied, by family of steps and by provider; else 1."""

    families: Mapping[str, float] = field(default_factory=dict)
    providers: Mapping[str, float] = field(default_factory=dict)

    def of(self, step: Step) -> float:
        """Return the factor of ``step``, whatever its provider."""
        return self.families.get(family(step), 1.0)

    def seen(self, fleet: FleetSnapshot) -> FleetSnapshot:
        """Return ``fleet`` with the speeds that were seen."""
        if not self.providers:
            return fleet
        found = (
            replace(each, speed=each.speed / self.providers.get(each.name, 1.0))
            for each in fleet.providers
        )
        return replace(fleet, providers=tuple(found))

    def reasons(self) -> tuple[str, ...]:
        """Say what is off, the furthest first."""
        found = [
            *((name, f"{name} takes") for name in self.providers),
            *((name, f"steps like {name} take") for name in self.families),
        ]
        factors = {**self.families, **self.providers}
        found.sort(key=lambda item: -abs(math.log(factors[item[0]])))
        return tuple(f"{what} {factors[name]:.2g} times as long" for name, what in found)


def family(step: Step) -> str:
    """Return which steps are like ``step``: of its group, or whose ids differ in numbers alone."""
    return step.group or re.sub(r"[\W\d_]+$", "", step.id) or step.id


class DurationDrift:
    """Collects ratios of one run of a workload."""

    def __init__(self) -> None:
        self._ratios: deque[Ratio] = deque(maxlen=_NEWEST)
        self.count = 0

    def note(self, step: Step, provider: str, expected: float, actual: float) -> None:
        """Remember what a step took, in seconds."""
        if expected > 0 and actual > 0:
            self.count += 1
            self._ratios.append(ratio(step, provider, expected, actual))

    def correction(self, overdue: Iterable[Ratio] = ()) -> Correction:
        """Return what is off by now; ``overdue`` are of steps that run for too long already."""
        ratios = [*self._ratios, *overdue]
        if len(ratios) < _LEAST:
            return Correction()
        return _polished(ratios)


def ratio(step: Step, provider: str, expected: float, actual: float) -> Ratio:
    """Return the ratio of one step; times are in seconds, and above 0."""
    return Ratio(family(step), provider, math.log(min(_HIGHEST, max(_LOWEST, actual / expected))))


def _polished(ratios: Sequence[Ratio]) -> Correction:
    families_on: dict[str, set[str]] = defaultdict(set)
    for each in ratios:
        families_on[each.provider].add(each.family)
    # Where a provider ran one family alone, it is taken for what is off, rather than the family.
    telling = [each for each in ratios if len(families_on[each.provider]) > 1]
    of_provider: dict[str, float] = defaultdict(float)
    of_family: dict[str, float] = defaultdict(float)
    deviation = _LEAST_DEVIATION
    for _ in range(_SWEEPS):
        for effects, seen, name_of, other in (
            (of_family, telling, _family, lambda r: of_provider[r.provider]),
            (of_provider, ratios, _provider, lambda r: of_family[r.family]),
        ):
            effects.update(_effects(seen, name_of, other, deviation))
        rest = [abs(r.log - of_family[r.family] - of_provider[r.provider]) for r in ratios]
        deviation = max(_LEAST_DEVIATION, _DEVIATION * median(rest))
    return Correction(_factors(of_family), _factors(of_provider))


def _effects(
    ratios: Sequence[Ratio],
    name_of: Callable[[Ratio], str],
    other: Callable[[Ratio], float],
    deviation: float,
) -> dict[str, float]:
    groups: dict[str, list[float]] = defaultdict(list)
    for each in ratios:
        groups[name_of(each)].append(each.log - other(each))
    return {name: _effect(found, deviation) for name, found in groups.items()}


def _effect(found: Sequence[float], deviation: float) -> float:
    """Return the median; 0 where there is one alone, or too few to tell it from noise."""
    if len(found) == 1:
        return 0.0
    middle = median(found)
    error = _MEDIAN_ERROR * deviation / math.sqrt(len(found))
    return middle if abs(middle) > _ERRORS * error else 0.0


def _provider(of: Ratio) -> str:
    return of.provider


def _family(of: Ratio) -> str:
    return of.family


def _factors(effects: Mapping[str, float]) -> dict[str, float]:
    return {name: math.exp(effect) for name, effect in effects.items() if effect}
