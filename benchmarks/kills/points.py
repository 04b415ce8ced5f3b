"""The points of a campaign: what is killed, and when; derived from a seed alone.

A campaign is waves. In each, several workloads run side by side. Some waves kill what a workload has
for itself, others what all of them share, and others both.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

Card = TypeVar("Card")

WORKLOADS_A_WAVE = 4
OWN_KILLS = ((1, 3), (2, 4), (3, 3))
"""How many kills a workload gets for itself, and how often that many."""
SHARED_A_WAVE = (2, 0, 3)
"""How many kills strike all workloads of a wave, in turn."""
_ONLY_SHARED = 2
LATEST_SECONDS = 8.0
"""So long after the beginning of its wave what all share is killed at the latest."""


class Victim(StrEnum):
    """What is killed."""

    RUN = "flow run"
    LANE = "lane"
    BOTH = "run and lane"
    WORKER = "worker"
    FORK_SERVER = "fork server"
    SERVER = "server"
    RECONCILER = "reconciler"
    READS = "reads"
    SUPERVISOR = "supervisor"


class Moment(StrEnum):
    """The part of a run in which it is struck."""

    START = "before its first step ends"
    STEPS = "between first and last step"
    END = "after its last step"
    ANY = "at any time"


OWN = ((Victim.RUN, 6), (Victim.LANE, 4), (Victim.BOTH, 1))
SHARED = (
    (Victim.WORKER, 8),
    (Victim.FORK_SERVER, 8),
    (Victim.SERVER, 3),
    (Victim.RECONCILER, 1),
    (Victim.READS, 1),
    (Victim.SUPERVISOR, 1),
)
MOMENTS = ((Moment.START, 3), (Moment.STEPS, 5), (Moment.END, 2))
SHAPES = (("needs", 4), ("short", 3), ("many", 1))
"""Workloads: with steps that need others, with short steps, with so many that they share task runs;
each with how often it is chosen."""


@dataclass(frozen=True, slots=True)
class Point:
    """One kill; ``at`` is where in that moment, from 0 to 1."""

    victim: Victim
    moment: Moment
    at: float


@dataclass(frozen=True, slots=True)
class Wave:
    """Workloads, the kills that each gets for itself, in turn, and the kills that all share."""

    number: int
    shapes: tuple[str, ...]
    own: tuple[tuple[Point, ...], ...]
    shared: tuple[Point, ...]


def waves(seed: int) -> Iterator[Wave]:
    """Yield waves for ever: of own kills, of shared ones, of both, and again."""
    chance = random.Random(seed)  # noqa: S311 - a campaign that can be repeated
    number = 0
    while True:
        number += 1
        kind = number % len(SHARED_A_WAVE)
        shapes = tuple(_drawn(SHAPES, chance) for _ in range(WORKLOADS_A_WAVE))
        own = tuple(_own(chance) if kind != _ONLY_SHARED else () for _ in shapes)
        shared = [_shared(chance) for _ in range(SHARED_A_WAVE[kind])]
        yield Wave(number, shapes, own, tuple(sorted(shared, key=lambda point: point.at)))


def _own(chance: random.Random) -> tuple[Point, ...]:
    """Return kills in turn: a later one strikes the run that goes on after those before."""
    return tuple(_own_point(chance) for _ in range(_drawn(OWN_KILLS, chance)))


def _own_point(chance: random.Random) -> Point:
    victim, moment = _drawn(OWN, chance), _drawn(MOMENTS, chance)
    # Lanes execute steps, and are there for no longer.
    return Point(victim, moment if victim is Victim.RUN else Moment.STEPS, chance.random())


def _shared(chance: random.Random) -> Point:
    return Point(_drawn(SHARED, chance), Moment.ANY, chance.random())


def _drawn(deck: tuple[tuple[Card, int], ...], chance: random.Random) -> Card:
    [card] = chance.choices([card for card, _ in deck], [weight for _, weight in deck])
    return card
