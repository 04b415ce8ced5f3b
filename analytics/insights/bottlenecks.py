"""Bottlenecks: the share of each step in the critical paths of past runs.

A critical path is followed backwards from the step that ended last, each time to the needed step
that ended last. The time that a step waited after that is queueing and counts separately.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analytics.statistics.bootstrap import Gain, bootstrap


@dataclass(frozen=True, slots=True)
class PathStep:
    """One executed step of a run; times are epoch seconds, ``needs`` are other steps' ids."""

    id: str
    key: str
    started_at: float
    ended_at: float
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """A key's share of the time that runs took, with its interval over the runs.

    ``runs`` is the number of critical paths with this key; ``key`` is empty for time spent waiting.
    """

    key: str
    share: Gain
    seconds: float
    runs: int


def critical_path(steps: Sequence[PathStep]) -> list[PathStep]:
    """Return the steps that a run waited for, first to last."""
    if not steps:
        return []
    by_id = {step.id: step for step in steps}
    path = [max(steps, key=lambda step: step.ended_at)]
    while needed := [by_id[need] for need in path[-1].needs if need in by_id]:
        path.append(max(needed, key=lambda step: step.ended_at))
        if len(path) > len(steps):
            raise ValueError(f"the steps need each other in a circle at {path[-1].id}")
    return path[::-1]


def seconds_by_key(steps: Sequence[PathStep]) -> dict[str, float]:
    """Return the seconds of one run that each key on its critical path took; waiting is ''."""
    spent: dict[str, float] = defaultdict(float)
    path = critical_path(steps)
    before = min((step.started_at for step in steps), default=0.0)
    for step in path:
        # A step that began before the end of a step it needs counts from that end on.
        started = max(step.started_at, before)
        spent[""] += started - before
        spent[step.key] += max(step.ended_at - started, 0.0)
        before = max(before, step.ended_at)
    return dict(spent)


def bottlenecks(runs: Iterable[Sequence[PathStep]]) -> list[Bottleneck]:
    """Return the keys on the critical paths of runs, the greatest share first."""
    seconds_of_runs = [
        seconds for steps in runs if sum((seconds := seconds_by_key(steps)).values())
    ]
    keys = sorted({key for seconds in seconds_of_runs for key in seconds})
    all_bottlenecks = [_bottleneck(key, seconds_of_runs) for key in keys]
    return sorted(
        (bottleneck for bottleneck in all_bottlenecks if bottleneck.seconds),
        key=lambda bottleneck: bottleneck.share.expected,
        reverse=True,
    )


def _bottleneck(key: str, seconds_of_runs: Sequence[Mapping[str, float]]) -> Bottleneck:
    rows = np.array([(seconds.get(key, 0.0), sum(seconds.values())) for seconds in seconds_of_runs])
    share = bootstrap(rows, lambda sample: float(sample[:, 0].sum() / sample[:, 1].sum()))
    return Bottleneck(key, share, float(rows[:, 0].sum()), int((rows[:, 0] > 0).sum()))
