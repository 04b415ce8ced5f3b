"""Synthetic batch logs, each with one trait that makes forecasts hard; a seed gives the same log.

They are judged beside recorded histories, so that nothing is tuned to the one log at hand. Users
come and go, repeat a few kinds of jobs, and ask for round time limits, at which jobs are killed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from analytics.history.columns import ENDED, typed

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

JOBS = 6000
MONTH_SECONDS = 30 * 86_400.0
MONTHS = 10
# The limits that users ask for, in seconds.
LIMITS = np.array([300, 900, 1800, 3600, 7200, 14_400, 43_200, 64_800, 129_600], float)
_REPEAT_SHARE = 0.75
_FAILED_SHARE = 0.12
_KINDS_PER_USER = 5


@dataclass(frozen=True, slots=True)
class Trait:
    """What is special about a log.

    ``sigma`` is the spread of the logarithms within a kind of jobs. ``overrun_share`` of the jobs
    reach their limit; ``late_share`` of these end 2 % and more past it. ``drift_log`` is the
    standard deviation of each month's speed, ``pareto`` the exponent of a heavy tail, ``burst``
    the number of jobs that are submitted at once.
    """

    sigma: float = 0.8
    users: int = 60
    overrun_share: float = 0.02
    late_share: float = 0.33
    drift_log: float = 0.0
    pareto: float = 0.0
    round_share: float = 0.0
    burst: int = 1
    has_limit: bool = True


TRAITS: Mapping[str, Trait] = {
    "late_kills": Trait(overrun_share=0.09),
    "many_late_kills": Trait(overrun_share=0.2, late_share=0.5, sigma=1.2),
    "soft_limits": Trait(overrun_share=0.1, late_share=1.0),
    "drift": Trait(drift_log=0.8),
    "lognormal_tail": Trait(sigma=2.0, has_limit=False),
    "pareto_tail": Trait(sigma=0.3, pareto=0.8, has_limit=False),
    "ties": Trait(sigma=0.3, round_share=0.6, overrun_share=0.1, late_share=0.0),
    "sparse_keys": Trait(users=3000),
    "bursts": Trait(burst=200, sigma=1.0),
    "steady": Trait(sigma=0.08, has_limit=False),
    "all_together": Trait(
        sigma=1.5, overrun_share=0.09, drift_log=0.5, round_share=0.2, burst=40, users=400
    ),
}


def synthetic_log(trait: Trait, seed: int = 0, jobs: int = JOBS) -> pd.DataFrame:
    """Return the history of ``jobs`` batch jobs with that trait."""
    rng = np.random.default_rng(seed)
    submitted, kind = _arrivals(trait, rng, jobs)
    user = kind // _KINDS_PER_USER
    kinds = trait.users * _KINDS_PER_USER
    centre = rng.normal(6.5, 1.8, kinds)
    limits = _limits(np.exp(centre + rng.uniform(0.5, 3.0, kinds)))
    # Most kinds of jobs hardly ever reach their limit, a few do all the time.
    reaches = rng.beta(0.25, 0.25 * (1 / trait.overrun_share - 1), kinds)
    seconds = np.exp(centre[kind] + _deviation(trait, rng, submitted))
    is_round = rng.random(jobs) < trait.round_share
    seconds = np.where(is_round, _limits(np.exp(centre[kind])), seconds)
    failed = rng.random(jobs) < _FAILED_SHARE
    seconds = np.where(failed, seconds * rng.random(jobs), seconds)
    limit = limits[kind]
    if trait.has_limit:
        is_over = (rng.random(jobs) < reaches[kind]) | (seconds > limit)
        seconds = np.where(is_over, limit * _overrun(trait, rng, jobs), seconds)
        failed |= is_over
    seconds = np.round(np.maximum(seconds, 1.0))
    started = submitted + rng.exponential(900.0, jobs)
    rows = {
        "fine": [f"{one}|{what}" for one, what in zip(user, kind, strict=True)],
        "key": [f"user {one}" for one in user],
        "kind": "batch",
        "submitted_at": submitted,
        "started_at": started,
        "ended_at": started + seconds,
        "seconds": seconds,
        "state": np.where(failed, "failed", "succeeded"),
        "known_cpus": 2.0 ** rng.integers(0, 6, kinds)[kind],
        "known_user": user.astype(str),
    }
    if trait.has_limit:
        rows["known_limit_seconds"] = limit
    return typed(pd.DataFrame(rows), trainable_states=ENDED)


def _arrivals(trait: Trait, rng: np.random.Generator, jobs: int) -> tuple[Floats, Ints]:
    """Return the moment of every submission and the kind of job; bursts share both."""
    sizes = np.where(rng.random(jobs) < 2.0 / (1 + trait.burst), trait.burst, 1)
    sizes = sizes[: int(np.searchsorted(np.cumsum(sizes), jobs)) + 1]
    at = np.sort(rng.uniform(0, MONTHS * MONTH_SECONDS, len(sizes)))
    # A user is there for some months only.
    comes = rng.uniform(-4, MONTHS, trait.users) * MONTH_SECONDS
    goes = comes + rng.exponential(4 * MONTH_SECONDS, trait.users)
    weight = rng.pareto(1.0, trait.users) + 0.1
    kinds: list[int] = []
    for moment in at.tolist():
        is_there = (comes <= moment) & (moment <= goes)
        if kinds and rng.random() < _REPEAT_SHARE and is_there[kinds[-1] // _KINDS_PER_USER]:
            kinds.append(kinds[-1])
            continue
        odds = weight * is_there if is_there.any() else weight
        user = int(rng.choice(trait.users, p=odds / odds.sum()))
        kinds.append(user * _KINDS_PER_USER + int(rng.integers(_KINDS_PER_USER)))
    return np.repeat(at, sizes)[:jobs], np.repeat(np.array(kinds), sizes)[:jobs]


def _deviation(trait: Trait, rng: np.random.Generator, submitted: Floats) -> Floats:
    """Return how far the logarithm of each duration is from that of its kind."""
    months: Floats = rng.normal(0, 1, MONTHS + 1) * trait.drift_log
    deviation: Floats = rng.normal(0, trait.sigma, len(submitted))
    if trait.pareto:
        deviation += rng.exponential(1 / trait.pareto, len(submitted))
    deviation += months[(submitted // MONTH_SECONDS).astype(int)]
    return deviation


def _overrun(trait: Trait, rng: np.random.Generator, jobs: int) -> Floats:
    """Return by which factor on its limit each job would end if it reached that."""
    late = 1.02 + rng.exponential(0.1, jobs)
    prompt = 1 + rng.exponential(0.002, jobs) * (trait.late_share > 0)
    return np.where(rng.random(jobs) < trait.late_share, late, prompt)


def _limits(seconds: Floats) -> Floats:
    """Return the shortest of ``LIMITS`` that is at least as long, or the longest."""
    return LIMITS[np.minimum(np.searchsorted(LIMITS, seconds), len(LIMITS) - 1)]
