"""When to launch again what should run and does not: at once the first time, then ever later."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

FIRST_PAUSE_SECONDS = 10.0
LONGEST_PAUSE_SECONDS = 300.0
FORGIVEN_SECONDS = 600.0
"""A place whose services have run this long since the last attempt starts from zero again."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """An environment of a project."""

    project: str
    environment: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """The latest launch that was asked for at a place; ``at`` in seconds since the epoch."""

    count: int
    at: float


def pause_after(count: int) -> float:
    """Return the seconds between attempt ``count`` and the next."""
    return min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** (count - 1))


def due(
    gone: Collection[Place],
    busy: Collection[Place],
    attempts: Mapping[Place, Attempt],
    now: float,
) -> list[Place]:
    """Return the places to launch now, in a stable order.

    Args:
        gone: Places where something is missing.
        busy: Places with an open rollout, which decides there.
        attempts: What was tried before.
        now: Seconds since the epoch.
    """
    waiting = {
        place
        for place, attempt in attempts.items()
        if now < attempt.at + pause_after(attempt.count)
    }
    return sorted(set(gone) - set(busy) - waiting)


def remember(
    attempts: Mapping[Place, Attempt], launched: Collection[Place], now: float
) -> dict[Place, Attempt]:
    """Return the attempts after ``launched``, without those long past."""
    kept = {
        place: attempt for place, attempt in attempts.items() if now < attempt.at + FORGIVEN_SECONDS
    }
    fresh = {
        place: Attempt(kept[place].count + 1 if place in kept else 1, now) for place in launched
    }
    return {**kept, **fresh}
