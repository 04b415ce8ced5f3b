"""Duration drift: the ratio of actual to expected times, by family of steps and provider; pure.

The logarithm of actual over expected is modelled as the sum of an effect of the family and one of
the provider, estimated by median polish (Tukey, 1977), which is robust to a few odd steps. An
effect that noise could explain counts as none.
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

# The number of newest ratios that count.
_NEWEST = 400
# With fewer ratios, nothing is corrected.
_MIN_RUNS = 3
_SWEEPS = 4
# Of the standard normal distribution: its deviation over the median of absolute values.
_DEVIATION = 1.4826
# The standard error of a median over that of a mean.
_MEDIAN_ERROR = 1.2533
# The number of standard errors that an effect has to exceed.
_ERRORS = 3.0
# The least deviation of logarithms that is assumed.
_MIN_DEVIATION = 0.1
# Ratios are limited to this range.
_MIN_RATIO = 1e-3
_MAX_RATIO = 1e3


@dataclass(frozen=True, slots=True)
class Ratio:
    """The natural logarithm of actual over expected time of one step on its provider."""

    family: str
    provider: str
    log: float


@dataclass(frozen=True, slots=True)
class Correction:
    """The factors of expected seconds, by family of steps and by provider; else 1."""

    families: Mapping[str, float] = field(default_factory=dict)
    providers: Mapping[str, float] = field(default_factory=dict)

    def of(self, step: Step) -> float:
        """Return the factor of ``step``, whatever its provider."""
        return self.families.get(family(step), 1.0)

    def corrected(self, fleet: FleetSnapshot) -> FleetSnapshot:
        """Return ``fleet`` with speeds divided by the factors of the providers."""
        if not self.providers:
            return fleet
        providers = (
            replace(provider, speed=provider.speed / self.providers.get(provider.name, 1.0))
            for provider in fleet.providers
        )
        return replace(fleet, providers=tuple(providers))

    def reasons(self) -> tuple[str, ...]:
        """Return the factors as sentences, the largest deviation first."""
        texts = [
            *((name, f"{name} takes") for name in self.providers),
            *((name, f"steps like {name} take") for name in self.families),
        ]
        factors = {**self.families, **self.providers}
        texts.sort(key=lambda item: -abs(math.log(factors[item[0]])))
        return tuple(f"{text} {factors[name]:.2g} times as long" for name, text in texts)


def family(step: Step) -> str:
    """Return the family of ``step``: its group, or the ids that differ in numbers only."""
    return step.group or re.sub(r"[\W\d_]+$", "", step.id) or step.id


class DurationDrift:
    """The ratios of actual to expected times in one run of a workload."""

    def __init__(self) -> None:
        self._ratios: deque[Ratio] = deque(maxlen=_NEWEST)
        self.count = 0

    def note(self, step: Step, provider: str, expected: float, actual: float) -> None:
        """Record the expected and the actual seconds of a step."""
        if expected > 0 and actual > 0:
            self.count += 1
            self._ratios.append(ratio(step, provider, expected, actual))

    def correction(self, overdue: Iterable[Ratio] = ()) -> Correction:
        """Return the correction by now; ``overdue`` are ratios of steps that still run."""
        ratios = [*self._ratios, *overdue]
        if len(ratios) < _MIN_RUNS:
            return Correction()
        return _polished(ratios)


def ratio(step: Step, provider: str, expected: float, actual: float) -> Ratio:
    """Return the ratio of one step; times are in seconds, and above 0."""
    return Ratio(
        family(step), provider, math.log(min(_MAX_RATIO, max(_MIN_RATIO, actual / expected)))
    )


def _polished(ratios: Sequence[Ratio]) -> Correction:
    families_on: dict[str, set[str]] = defaultdict(set)
    for entry in ratios:
        families_on[entry.provider].add(entry.family)
    # Where a provider ran only one family, the drift is attributed to the provider.
    comparable = [entry for entry in ratios if len(families_on[entry.provider]) > 1]
    of_provider: dict[str, float] = defaultdict(float)
    of_family: dict[str, float] = defaultdict(float)
    deviation = _MIN_DEVIATION
    for _ in range(_SWEEPS):
        for effects, entries, name_of, other in (
            (of_family, comparable, _family, lambda r: of_provider[r.provider]),
            (of_provider, ratios, _provider, lambda r: of_family[r.family]),
        ):
            effects.update(_effects(entries, name_of, other, deviation))
        rest = [abs(r.log - of_family[r.family] - of_provider[r.provider]) for r in ratios]
        deviation = max(_MIN_DEVIATION, _DEVIATION * median(rest))
    return Correction(_factors(of_family), _factors(of_provider))


def _effects(
    ratios: Sequence[Ratio],
    name_of: Callable[[Ratio], str],
    other: Callable[[Ratio], float],
    deviation: float,
) -> dict[str, float]:
    groups: dict[str, list[float]] = defaultdict(list)
    for entry in ratios:
        groups[name_of(entry)].append(entry.log - other(entry))
    return {name: _effect(logs, deviation) for name, logs in groups.items()}


def _effect(logs: Sequence[float], deviation: float) -> float:
    """Return the median; 0 if there is only one, or too few to tell it from noise."""
    if len(logs) == 1:
        return 0.0
    middle = median(logs)
    error = _MEDIAN_ERROR * deviation / math.sqrt(len(logs))
    return middle if abs(middle) > _ERRORS * error else 0.0


def _provider(entry: Ratio) -> str:
    return entry.provider


def _family(entry: Ratio) -> str:
    return entry.family


def _factors(effects: Mapping[str, float]) -> dict[str, float]:
    return {name: math.exp(effect) for name, effect in effects.items() if effect}
