"""Compilation of all planning kernels ahead of their first use; `make` runs this once."""

from __future__ import annotations

from pathlib import Path

from blocks.providers.interface import Resources
from tasks.estimates import Estimate
from tasks.plan import FleetSnapshot, Plan, ProviderState
from tasks.planning.planner import plan
from tasks.workload import SplitDecision, Step, StepGraph

_STEPS = 20
_CAPACITY = Resources(cpus=2, memory_mib=1000, slots=2)
_ALIKE = (Resources(cpus=1, slots=1),)
_MIXED = (*_ALIKE, Resources(cpus=0.5, memory_mib=600, slots=1), Resources(cpus=1.5, slots=1))


def plans() -> list[Plan]:
    """Plan a small workload for each way of planning, so that every kernel is called once."""
    import numba  # noqa: F401, PLC0415 - once it is imported, kernels are compiled for small inputs

    seconds = {f"step-{n}": 30.0 + n * 77 % 50 for n in range(_STEPS)}
    estimates = {key: Estimate(key, p50, 2 * p50) for key, p50 in seconds.items()}
    kinds = [(_ALIKE, (1.0, 1.0)), (_ALIKE, (0.7, 2.0)), (_MIXED, (0.7, 2.0))]
    return [
        plan(_graph(demands), estimates, _fleet(speeds), budget_seconds=0.02)
        for demands, speeds in kinds
    ]


def _fleet(speeds: tuple[float, ...]) -> FleetSnapshot:
    providers = (
        ProviderState(f"provider-{n}", "shell", _CAPACITY, _CAPACITY, speed)
        for n, speed in enumerate(speeds)
    )
    return FleetSnapshot(0, 0.0, tuple(providers))


def _graph(demands: tuple[Resources, ...]) -> StepGraph:
    steps = tuple(
        Step(
            id=f"step-{n}",
            argv=("true",),
            cwd=Path(),
            history_key=f"step-{n}",
            needs=(f"step-{n - 5}",) if n >= 5 else (),  # noqa: PLR2004 - any shape will do
            demand=demands[n % len(demands)],
        )
        for n in range(_STEPS)
    )
    return StepGraph("warm-up", "warm-up", steps, SplitDecision(_STEPS, "to compile"))


if __name__ == "__main__":
    plans()
