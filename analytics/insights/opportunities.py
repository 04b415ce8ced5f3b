"""Opportunities to save time or memory, each with its expected gain and an interval.

A gain is the mean saving of a run, computed by replaying the past runs one by one with the change.
The cost of making the change is not counted.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analytics.statistics.bootstrap import Gain, Rows, bootstrap

MIN_RUNS = 5
# Future peaks may exceed all past ones, so the proposed memory is a tenth above the greatest peak.
MEMORY_FACTOR = 1.1
SHORT_SECONDS = 5.0
STEP_OVERHEAD_SECONDS = 0.5
WORTHWHILE_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Opportunity:
    """A change to one key, described by ``change``; ``gain`` is in ``unit`` for each run."""

    kind: str
    key: str
    change: str
    unit: str
    gain: Gain
    runs: int


def memory(key: str, asked_mib: float, peaks_mib: Sequence[float]) -> Opportunity | None:
    """Propose to ask for less memory; None for few runs, or where hardly any would be saved.

    Each run is replayed with the proposal from the runs before it. A run that needs more fails and
    runs again with the current demand, so it costs the proposed memory in vain.
    """
    if len(peaks_mib) <= MIN_RUNS:
        return None
    proposed = math.ceil(max(peaks_mib) * MEMORY_FACTOR)
    if proposed > asked_mib * (1 - WORTHWHILE_SHARE):
        return None
    proposals = np.maximum.accumulate(peaks_mib) * MEMORY_FACTOR
    proposals_before, peaks = proposals[MIN_RUNS - 1 : -1], np.asarray(peaks_mib[MIN_RUNS:])
    gain = bootstrap(
        np.where(peaks <= proposals_before, asked_mib - proposals_before, -proposals_before), _mean
    )
    change = f"ask for {proposed} MiB instead of {asked_mib:.0f}"
    return Opportunity("memory", key, change, "MiB", gain, len(peaks_mib))


def idle(key: str, reserved: Sequence[float], used: Sequence[float]) -> Opportunity | None:
    """Propose to reserve for less time: seconds reserved and used, one pair a reservation."""
    rows = np.column_stack([reserved, used]).astype(float)
    if len(rows) < MIN_RUNS or rows[:, 1].sum() >= rows[:, 0].sum() * (1 - WORTHWHILE_SHARE):
        return None
    gain = bootstrap(rows, lambda sample: float((sample[:, 0] - sample[:, 1]).clip(0).mean()))
    share = 1 - rows[:, 1].sum() / rows[:, 0].sum()
    change = f"reserve when it is used: {share:.0%} of the time it stands idle"
    return Opportunity("reservation", key, change, "s", gain, len(rows))


def caching(key: str, runs: Sequence[tuple[str, float]]) -> Opportunity | None:
    """Propose to keep results: (digest of the inputs, seconds) of each run, in their order."""
    inputs_seen: Counter[str] = Counter()
    repeated = []
    for digest, seconds in runs:
        repeated.append(seconds if inputs_seen[digest] else 0.0)
        inputs_seen[digest] += 1
    if len(runs) < MIN_RUNS or not any(repeated):
        return None
    gain = bootstrap(np.array(repeated), _mean)
    again = sum(count - 1 for count in inputs_seen.values())
    change = f"keep its results: {again} of {len(runs)} runs had inputs seen before"
    return Opportunity("cache", key, change, "s", gain, len(runs))


def packing(
    key: str, seconds: Sequence[float], together: int, overhead: float = STEP_OVERHEAD_SECONDS
) -> Opportunity | None:
    """Propose to run ``together`` short steps as one, each of which costs ``overhead`` seconds."""
    if len(seconds) < MIN_RUNS or np.median(seconds) > SHORT_SECONDS or together <= 1:
        return None
    saved = overhead * (1 - 1 / together)
    rows = np.array(seconds, dtype=float)
    gain = bootstrap(rows, lambda sample: saved * float((sample <= SHORT_SECONDS).mean()))
    change = f"run {together} in one step: a step takes {np.median(seconds):.2g} s"
    return Opportunity("pack", key, change, "s", gain, len(seconds))


def splitting(
    key: str, seconds: Sequence[float], parts: int, overhead: float = STEP_OVERHEAD_SECONDS
) -> Opportunity | None:
    """Propose to split a step on the critical path in ``parts`` that run side by side."""
    if len(seconds) < MIN_RUNS:
        return None
    rows = np.array(seconds, dtype=float)
    gain = bootstrap(rows, lambda sample: float((sample * (1 - 1 / parts)).mean()) - overhead)
    if gain.low <= WORTHWHILE_SHARE * float(rows.mean()):
        return None
    return Opportunity("split", key, f"split it in {parts}", "s", gain, len(seconds))


def provider(key: str, seconds: Mapping[str, Sequence[float]], now: str) -> Opportunity | None:
    """Propose a kind of provider where the key was surely faster; ``now`` is the current one."""
    proposals = []
    for other, seconds_there in seconds.items():
        if other == now or min(len(seconds_there), len(seconds[now])) < MIN_RUNS:
            continue
        gain = _faster(np.array(seconds[now], dtype=float), np.array(seconds_there, dtype=float))
        if gain.low > 0:
            count = len(seconds_there)
            proposals.append(Opportunity("provider", key, f"run it on {other}", "s", gain, count))
    return max(proposals, key=lambda proposal: proposal.gain.expected, default=None)


def _mean(sample: Rows) -> float:
    return float(sample.mean())


def _faster(here: Rows, there: Rows) -> Gain:
    """Return the difference of the medians, with an interval from the intervals of both."""
    mine = bootstrap(here, lambda sample: float(np.median(sample)))
    theirs = bootstrap(there, lambda sample: float(np.median(sample)))
    return Gain(mine.expected - theirs.expected, mine.low - theirs.high, mine.high - theirs.low)
