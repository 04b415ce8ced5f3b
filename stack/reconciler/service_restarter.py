"""Decides when to launch missing services again: at once, then with growing pauses."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

FIRST_PAUSE_SECONDS = 10.0
MAX_PAUSE_SECONDS = 300.0
FORGIVEN_SECONDS = 600.0
"""An environment whose last attempt was this long ago starts from zero again."""


@dataclass(frozen=True, slots=True, order=True)
class EnvironmentKey:
    """An environment of a project."""

    project: str
    environment: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """The latest launch that was triggered for an environment; ``at`` in epoch seconds."""

    count: int
    at: float


def pause_after(count: int) -> float:
    """Return the seconds between attempt ``count`` and the next."""
    return min(MAX_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** (count - 1))


def due(
    gone: Collection[EnvironmentKey],
    busy: Collection[EnvironmentKey],
    attempts: Mapping[EnvironmentKey, Attempt],
    now: float,
) -> list[EnvironmentKey]:
    """Return the environments to launch now, in a stable order.

    Args:
        gone: Environments in which a service is gone.
        busy: Environments with an open rollout, which decides there.
        attempts: Earlier attempts.
        now: Seconds since the epoch.
    """
    waiting = {
        place
        for place, attempt in attempts.items()
        if now < attempt.at + pause_after(attempt.count)
    }
    return sorted(set(gone) - set(busy) - waiting)


def remember(
    attempts: Mapping[EnvironmentKey, Attempt],
    launched: Collection[EnvironmentKey],
    now: float,
) -> dict[EnvironmentKey, Attempt]:
    """Return the attempts including ``launched``, without those long past."""
    recent = {
        place: attempt for place, attempt in attempts.items() if now < attempt.at + FORGIVEN_SECONDS
    }
    fresh = {
        place: Attempt(recent[place].count + 1 if place in recent else 1, now) for place in launched
    }
    return {**recent, **fresh}
