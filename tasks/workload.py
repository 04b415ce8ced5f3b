"""A split workload: steps, what they need, and why it was split so."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from blocks.providers.interface import Resources


@dataclass(frozen=True, slots=True)
class Step:
    """One unit of work.

    ``history_key`` names what its past runs are remembered under. ``items`` are the keys of the
    parts it consists of (the tests of a shard): where there are any, its duration is estimated
    as that of ``history_key`` (its start-up) plus that of its items.
    """

    id: str
    argv: tuple[str, ...]
    cwd: Path
    history_key: str
    needs: tuple[str, ...] = ()
    when: str = ""
    demand: Resources = field(default_factory=lambda: Resources(cpus=1, slots=1))
    items: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict, repr=False)
    timeout_seconds: float | None = None
    retries: int = 0
    retry_delay_seconds: float = 1.0
    idempotent: bool = True


@dataclass(frozen=True, slots=True)
class SplitDecision:
    """How a workload was split, why, and what else was considered.

    ``alternatives`` are pairs of (number of parts, predicted makespan in seconds).
    """

    parts: int
    reason: str
    alternatives: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True, slots=True)
class StepGraph:
    """The steps of one workload; ``steps`` is in topological order."""

    project: str
    workload: str
    steps: tuple[Step, ...]
    decision: SplitDecision

    def step(self, step_id: str) -> Step:
        """Return the step of that id."""
        return next(step for step in self.steps if step.id == step_id)
