"""The plan of a workload: where and in which order its steps run, with expected time and cost."""

from __future__ import annotations

from dataclasses import dataclass

from blocks.goal import Goal
from blocks.providers.interface import Resources


def lanes_of(capacity: Resources, demand: Resources) -> int:
    """Return how many claims of ``demand`` fit into ``capacity`` side by side.

    An empty demand is limited by the slots alone, or to one if there are none.
    """
    whole, part = capacity.model_dump(), demand.model_dump()
    counts = [int(whole[name] / part[name] + 1e-9) for name in whole if part[name] > 0]
    return min(counts) if counts else max(1, capacity.slots)


@dataclass(frozen=True, slots=True)
class ProviderState:
    """One provider as the ledger sees it.

    ``speed`` divides durations; ``price_per_hour`` is what an hour of one step costs.
    """

    name: str
    kind: str
    capacity: Resources
    free: Resources
    speed: float = 1.0
    price_per_hour: float = 0.0

    def cost(self, seconds: float) -> float:
        """Return what one step of ``seconds`` costs here."""
        return seconds / 3600 * self.price_per_hour


@dataclass(frozen=True, slots=True)
class FleetSnapshot:
    """All providers a plan may use, as of ledger version ``version`` at epoch second ``at``."""

    version: int
    at: float
    providers: tuple[ProviderState, ...]

    def lanes(self, demand: Resources) -> int:
        """Return how many claims of ``demand`` the whole fleet holds side by side."""
        return len(self.lane_speeds(demand))

    def lane_speeds(self, demand: Resources) -> tuple[float, ...]:
        """Return the speed of each such claim's provider, fastest first."""
        speeds = [p.speed for p in self.providers for _ in range(lanes_of(p.capacity, demand))]
        return tuple(sorted(speeds, reverse=True))


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a step should run; start and end are seconds after the start of the plan.

    ``candidates`` are pairs of (provider, predicted end in seconds), the chosen one first;
    ``rejected`` are pairs of (provider, the reason why it cannot take the step).
    """

    step: str
    provider: str
    start_seconds: float
    end_seconds: float
    cost: float = 0.0
    candidates: tuple[tuple[str, float], ...] = ()
    rejected: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Eta:
    """The expected end of a workload: quantiles of ``replays`` simulated runs, in seconds.

    ``on_time`` is the share of them, 0 to 1, that keeps the deadline, if there is one.
    """

    p50_seconds: float
    p80_seconds: float
    p95_seconds: float
    replays: int
    on_time: float | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan, whose ``order`` (step ids, most urgent first) is dispatched, not rigid start times.

    A step runs where it is expected to end first, or where it was placed if it ends there later by
    no more than ``stay`` times its duration. ``contents`` is a digest of the items of the steps.
    ``bound_seconds`` is a lower bound of any plan's makespan, ``utilisation`` is from 0 to 1,
    ``cost`` is in the currency of the providers' prices. ``goal`` is its goal, if that was not the
    shortest plan; ``eta`` is its expected end, if it was simulated.
    """

    project: str
    workload: str
    strategy: str
    order: tuple[str, ...]
    placements: tuple[Placement, ...]
    makespan_seconds: float
    bound_seconds: float
    cost: float
    utilisation: float
    critical_path: tuple[str, ...] = ()
    estimate_source: str = "default"
    warnings: tuple[str, ...] = ()
    stay: float = 0.0
    goal: Goal | None = None
    eta: Eta | None = None
    contents: str = ""

    def placement(self, step_id: str) -> Placement:
        """Return where that step was placed."""
        return next(item for item in self.placements if item.step == step_id)
