"""What plans must reach: on published instances, on recorded workflows, and in time."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.bars import Bar, Bars, at_most

STG_PERCENT = 0.5
"""Over the optimum, in the mean of all graphs of the Standard Task Graph set."""

PSPLIB_PERCENT = {"J30": 0.0, "J60": 0.5, "J120": 2.0}
"""Over the optimum or the best known makespan, in the mean of a set."""

EQUAL_PERCENT = 1.0
UNEQUAL_PERCENT = 3.0
"""Over the lower bound, in the mean of recorded workflows on equal and on unequal providers."""

NOISE = 0.3
NOISY_EQUAL_PERCENT = 3.0
NOISY_UNEQUAL_PERCENT = 7.0
"""The same where durations vary by 30 %, over the bound of the durations that came of it."""

FIRST_PLAN_SECONDS = {10_000: 0.2, 100_000: 3.0}
"""By number of steps, how many seconds of CPU a first plan may take."""


def plan_bars(
    family: str, noise: float, gaps_percent: Mapping[str, float], mean_percent: float, worse: int
) -> Bars:
    """Return the bars of one family: mean gaps by group, and plans that plain greedy beats.

    ``mean_percent`` is the gap over all groups, ``worse`` the number of plans that take longer than
    those of plain greedy. Only ``NOISE`` and none at all are promised anything.
    """
    bars: dict[str, Bar] = {} if noise else {"worse_than_greedy": at_most(worse, 0)}
    if family == "stg" and not noise:
        bars["mean_gap_percent"] = at_most(mean_percent, STG_PERCENT)
    for group, gap in gaps_percent.items():
        limit = _limit(family, group, noise)
        if limit is not None:
            bars[f"{group}: mean_gap_percent"] = at_most(gap, limit)
    return bars


def _limit(family: str, group: str, noise: float) -> float | None:
    if family == "psplib" and not noise:
        return PSPLIB_PERCENT.get(group)
    if family != "wfformat" or noise not in {0.0, NOISE}:
        return None
    if group.startswith("het"):
        return NOISY_UNEQUAL_PERCENT if noise else UNEQUAL_PERCENT
    return NOISY_EQUAL_PERCENT if noise else EQUAL_PERCENT


SMALL_PLAN_SECONDS = 0.1
"""Of CPU, for a plan of a few steps."""

DRY_RUN_1000_SECONDS = 5.0
"""Of CPU, for a dry run of 1,000 steps with all its explanations."""


def time_bars(small_plan_seconds: float, dry_run_seconds: float) -> Bars:
    """Return the bars of what a user waits for: small plans, and a large dry run."""
    return {
        "small_plan_seconds": at_most(small_plan_seconds, SMALL_PLAN_SECONDS),
        "dry_run_1000_seconds": at_most(dry_run_seconds, DRY_RUN_1000_SECONDS),
    }


def scale_bars(first_plan_seconds: Mapping[str, float]) -> Bars:
    """Return the bars of time; keys are the number of steps and what they demand."""
    return {
        f"{name}: first_plan_seconds": at_most(seconds, limit)
        for name, seconds in first_plan_seconds.items()
        if (limit := FIRST_PLAN_SECONDS.get(int(name.split()[0]))) is not None
    }
