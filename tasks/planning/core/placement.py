"""The dispatch rule: the provider of a ready step, decided again at each attempt; pure.

The rule is the earliest expected finish, so a step waits for a faster provider that is busy when
that is better; where durations are certain, the providers of the plan are preferred. The
dispatcher follows this rule and the plan's order, never its start times: keeping fixed times
under noise costs far more than deciding again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

from blocks.providers.interface import Resources
from tasks.plan import FleetSnapshot, ProviderState
from tasks.planning.core.admissible import admissible, why_not
from tasks.planning.core.timeline import Timeline, vector

# The number of most urgent steps that are placed and queued even where none can start.
LOOKAHEAD = 4
# The duration that is assumed for claims of other workloads, whose end is unknown.
FOREIGN_SECONDS = 30.0
# A step that overran its estimate is expected to take this fraction of its time so far again.
OVERRUN = 0.1


@dataclass(frozen=True, slots=True)
class RunningStep:
    """A step of this workload that holds capacity: since when, and when it is expected to end."""

    provider: str
    demand: Resources
    started_at: float
    expected_end: float

    def ends_at(self, now: float) -> float:
        """Return when it is expected to end, seen from ``now``."""
        return max(self.expected_end, now + OVERRUN * (now - self.started_at))


@dataclass(frozen=True, slots=True)
class PlacementRequest:
    """A step to be placed; ``seconds`` is its duration at speed 1.

    ``on_kind`` are its durations on kinds of provider where they differ. ``pinned`` is the
    provider of the plan: the step goes there, or to one as fast, if it ends later by at most
    ``stay`` times its duration; with an infinite ``stay``, only there. ``only`` is the provider
    on which it runs already. ``failures`` counts by provider how often this step failed there.
    ``late_factor`` is the 80th percentile of its duration divided by ``seconds``.
    """

    step: str
    demand: Resources
    seconds: float
    pinned: str = ""
    stay: float = inf
    only: str = ""
    failures: Mapping[str, int] = field(default_factory=dict)
    late_factor: float = 1.0
    on_kind: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlacementChoice:
    """The provider of a step and when it can start there; candidates are as in a Placement.

    The provider is empty if none can take the step; ``rejected`` says why.
    """

    step: str
    provider: str
    starts_at: float
    ends_at: float
    candidates: tuple[tuple[str, float], ...] = ()
    rejected: tuple[tuple[str, str], ...] = ()


def place(
    requests: Iterable[PlacementRequest],
    running: Collection[RunningStep],
    fleet: FleetSnapshot,
    now: float,
    at_least: int = 1,
) -> list[PlacementChoice]:
    """Choose a provider for each of ``requests``, most urgent first.

    Each is placed as if those before it were running, so that a later one may fill a gap but
    delays none of them. After the first ``at_least``, placing stops where no step can start.
    """
    occupancy = _ExpectedOccupancy(running, fleet, now)
    choices: list[PlacementChoice] = []
    for count, request in enumerate(requests):
        if count >= at_least and not occupancy.can_start(request.demand):
            break
        choices.append(occupancy.place(request))
    return choices


class _ExpectedOccupancy:
    """The expected occupation of every provider from now on."""

    def __init__(self, running: Collection[RunningStep], fleet: FleetSnapshot, now: float) -> None:
        self._fleet, self._now = fleet, now
        self._timelines = {p.name: Timeline(p.capacity, now) for p in fleet.providers}
        for step in running:
            if step.provider in self._timelines:
                demand = vector(step.demand)
                self._timelines[step.provider].reserve(now, step.ends_at(now), demand)
        for provider in fleet.providers:
            self._reserve_foreign(provider, running)

    def _reserve_foreign(self, provider: ProviderState, running: Collection[RunningStep]) -> None:
        ours = [step.demand for step in running if step.provider == provider.name]
        foreign = provider.capacity.minus(provider.free).minus(sum(ours, Resources()))
        self._timelines[provider.name].reserve(
            self._now, self._now + FOREIGN_SECONDS, vector(foreign)
        )

    def can_start(self, demand: Resources) -> bool:
        providers = admissible(demand, self._fleet)
        demanded = vector(demand)
        return not providers or any(
            self._timelines[p.name].earliest(self._now, 0.0, demanded) <= self._now
            for p in providers
        )

    def place(self, request: PlacementRequest) -> PlacementChoice:
        options = sorted(self._option(request, p) for p in _eligible(request, self._fleet))
        if not options:
            return PlacementChoice(request.step, "", inf, inf, (), _rejected(request, self._fleet))
        best = self._best_option(request, options)
        ends_at, name, starts_at = best
        self._timelines[name].reserve(starts_at, ends_at, vector(request.demand))
        others = [option for option in options if option is not best]
        return PlacementChoice(
            request.step,
            name,
            starts_at,
            ends_at,
            tuple((option[1], option[0]) for option in (best, *others)),
            _rejected(request, self._fleet),
        )

    def _best_option(
        self, request: PlacementRequest, options: Sequence[tuple[float, str, float]]
    ) -> tuple[float, str, float]:
        """Return the option that ends first, or the planned one where that ends little later."""
        pinned = next((option for option in options if option[1] == request.pinned), None)
        if pinned is None or request.stay == inf:
            return pinned or options[0]
        speed = {provider.name: provider.speed for provider in self._fleet.providers}
        planned_speed = speed[request.pinned]
        fastest_alike = next(option for option in options if speed[option[1]] == planned_speed)
        stays = fastest_alike[0] < options[0][0] + request.stay * request.seconds / planned_speed
        return fastest_alike if stays else options[0]

    def _option(
        self, request: PlacementRequest, provider: ProviderState
    ) -> tuple[float, str, float]:
        seconds = request.on_kind.get(provider.kind, request.seconds) / provider.speed
        timeline = self._timelines[provider.name]
        start = timeline.earliest(self._now, seconds, vector(request.demand))
        return (start + seconds, provider.name, start)


def _eligible(request: PlacementRequest, fleet: FleetSnapshot) -> list[ProviderState]:
    """Return the providers on which the step failed least often: a retry is also a failover."""
    providers = admissible(request.demand, fleet)
    if request.only:
        return [provider for provider in providers if provider.name == request.only]
    fewest = min((request.failures.get(p.name, 0) for p in providers), default=0)
    return [provider for provider in providers if request.failures.get(provider.name, 0) == fewest]


def _rejected(request: PlacementRequest, fleet: FleetSnapshot) -> tuple[tuple[str, str], ...]:
    eligible = {provider.name for provider in _eligible(request, fleet)}
    otherwise = f"it runs on {request.only}" if request.only else "it failed there"
    return tuple(
        (provider.name, why_not(request.demand, provider) or otherwise)
        for provider in fleet.providers
        if provider.name not in eligible
    )
