"""Lower bounds of the makespan, against which a plan is measured; pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tasks.planning.core.lanes import lanes_of
from tasks.planning.core.problem import Floats, Problem
from tasks.planning.kernels import bound as kernels

# With more steps, bounds of quadratic complexity are left out: there, work alone bounds well.
_MAX_STEPS_QUADRATIC = 1000
_MAX_STEPS_ROUGH = 200
# The thresholds that are tried, shared out among the steps.
_THRESHOLDS = 4096


@dataclass(frozen=True, slots=True)
class Bound:
    """Lower bounds of the makespan in seconds, by kind.

    Attributes:
        critical_path: The longest chain of needs, every step where it is fastest.
        work: By resource: the work of all steps over that of the whole fleet in a second.
        head_tail: The work between the earliest start and the latest end of some set of steps
            (after Fernandez and Bussell, 1973), whole steps on whole lanes.
    """

    critical_path: float
    work: tuple[float, ...]
    head_tail: float

    @property
    def seconds(self) -> float:
        """The largest of them: the bound."""
        return max(self.critical_path, self.head_tail, *self.work)


def bound_of(problem: Problem, *, rough: bool = False) -> Bound:
    """Return the lower bounds of ``problem``; of many steps, ``rough`` ones take far less time."""
    quadratic = _MAX_STEPS_ROUGH if rough else _MAX_STEPS_QUADRATIC
    backwards = problem.reversed()
    best = problem.seconds.min(axis=1)
    speed = _speeds(problem, best)
    allowed = np.isfinite(problem.seconds)
    work = np.multiply(problem.seconds, speed, where=allowed, out=problem.seconds.copy()).min(
        axis=1
    )
    volume = _volume(problem, work, speed)
    tail = kernels.longest_after(problem.followers_start, problem.followers, best)
    critical_path = float((best + tail).max(initial=0.0))
    most = max(8, _THRESHOLDS // max(1, problem.steps))
    if problem.steps <= quadratic:
        head = kernels.strengthened_heads(problem.needs_start, problem.needs, best, volume, most)
        tail = kernels.strengthened_heads(
            backwards.needs_start,
            backwards.needs,
            best[::-1].copy(),
            volume[::-1].copy(),
            most,
        )[::-1].copy()
    else:
        head = kernels.longest_after(
            backwards.followers_start, backwards.followers, best[::-1].copy()
        )[::-1].copy()
    all_steps = np.arange(problem.steps, dtype=np.int32)
    bounds = [0.0, float((head + best + tail).max(initial=0.0))]
    bounds.append(kernels.head_tail_bound(all_steps, head, tail, volume, most))
    if (lanes := lanes_of(problem)) and problem.steps <= quadratic:
        lane_speeds = np.sort(speed[lanes.provider])[::-1].copy()
        bounds.append(kernels.packing_bound(all_steps, head, tail, work, lane_speeds, most))
    # Sums of many steps differ in their last digits with the order they are added in.
    rounding = 1 - 1e-13 * problem.steps
    sums = volume.sum(axis=0) * rounding
    strongest = max(bounds) * rounding
    if np.array_equal(problem.seconds, np.round(problem.seconds)):
        strongest = float(np.ceil(strongest))  # whole seconds add up to whole seconds
    return Bound(critical_path * rounding, tuple(sums.tolist()), strongest)


def _speeds(problem: Problem, best: Floats) -> Floats:
    """Return the speed of each provider relative to the fastest; float64[p], 0: runs nothing.

    Any speeds give a valid bound, as long as the work of a step is the least of its seconds times
    the speed; those by which most steps agree give the best.
    """
    ratio = np.divide(
        best[:, None],
        problem.seconds,
        out=np.full_like(problem.seconds, np.nan),
        where=np.isfinite(problem.seconds) & (problem.seconds > 0),
    )
    speed = np.zeros(problem.providers)
    for provider in np.flatnonzero(np.isfinite(problem.seconds).any(axis=0)):
        ratios = ratio[:, provider][np.isfinite(ratio[:, provider])]
        speed[provider] = np.median(ratios) if len(ratios) else 1.0
    return speed


def _volume(problem: Problem, work: Floats, speed: Floats) -> Floats:
    """Return the seconds for which each step occupies the whole fleet, by resource; [n, r]."""
    able = speed @ problem.capacity
    used = able > 0
    return np.ascontiguousarray(work[:, None] * problem.demand[:, used] / able[used])
