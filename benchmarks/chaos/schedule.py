"""The schedule of faults: derived from a seed alone, so that a campaign can be repeated.

A campaign is waves; in each, several lanes of operations go on side by side while faults strike
them and the parts of the stack. What no fault has struck for long is struck next.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

MIN_HOLD_SECONDS = 1.0
MAX_HOLD_SECONDS = 6.0
PAST_A_LEASE_SECONDS = 18.0
"""A run that is stopped for so long has lost every lease it held."""
LATEST_SECONDS = 25.0
"""So long after the beginning of its wave a part of the stack is struck at the latest."""


Card = TypeVar("Card")


class How(StrEnum):
    """The kinds of strike against a victim."""

    KILL = "kill"
    STOP = "stop"
    PENDING = "kill before it begins"
    LOCK = "lock"
    FILL = "fill"
    AHEAD = "an hour ahead"
    BACK = "an hour back"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: what it strikes, how, and for how long where it is undone again.

    ``at`` says when: a part of the usual length of the operation, or of a wave, from 0 to 1.
    """

    victim: str
    how: How
    at: float
    hold_seconds: float = 0.0

    @property
    def kind(self) -> str:
        """The name under which the report counts it."""
        return f"{self.victim}: {self.how}"


@dataclass(frozen=True, slots=True)
class Act:
    """One operation, and the fault that strikes it or what it has started."""

    operation: str
    fault: Fault

    @property
    def kind(self) -> str:
        """The name under which the report counts it."""
        return f"{self.operation}, {self.fault.kind}"


@dataclass(frozen=True, slots=True)
class Wave:
    """The parallel parts: acts by lane, one after the other, and faults of the stack."""

    number: int
    lanes: dict[str, tuple[Act, ...]]
    stack: tuple[Fault, ...]

    @property
    def faults(self) -> int:
        """How many faults it holds."""
        return sum(map(len, self.lanes.values())) + len(self.stack)


FLOW = "flow"
OPERATIONS: dict[str, tuple[str, ...]] = {
    "site": ("rollback", "deploy", "ship", "restart", "launch"),
    "data": ("backup", "restore"),
    "clerk": ("configure", "forget", "launch", "stop"),
    "jobs": ("run", "tests"),
}
"""The operations of each lane, whose flow is struck in every way."""

OTHERS: dict[str, tuple[tuple[str, str, How], ...]] = {
    "site": (
        ("deploy", "shim of a service", How.KILL),
        ("restart", "service", How.KILL),
        ("deploy", "service", How.STOP),
        ("rollback", "shim of a service", How.STOP),
    ),
    "data": (("backup", "restic", How.KILL), ("restore", "restic", How.KILL)),
    "clerk": (),
    "jobs": (
        ("run", "step", How.KILL),
        ("run", "shim of a step", How.KILL),
        ("tests", "shard", How.KILL),
        ("run", "step", How.STOP),
        ("tests", "shim of a step", How.KILL),
    ),
}
"""What else is struck while an operation is at work."""

STACK: tuple[tuple[str, How], ...] = (
    ("worker", How.KILL),
    ("reconciler", How.KILL),
    ("server", How.KILL),
    ("supervisor", How.KILL),
    ("router", How.STOP),
    ("ledger", How.LOCK),
    ("worker", How.STOP),
    ("database of Prefect", How.LOCK),
    ("disk", How.FILL),
    ("reconciler", How.STOP),
    ("router", How.KILL),
    ("server", How.STOP),
    ("supervisor", How.STOP),
    ("clock", How.AHEAD),
    ("clock", How.BACK),
)
ACTS_A_WAVE = {"site": 4, "data": 3, "clerk": 3, "jobs": 3}
STACK_A_WAVE = 3


def waves(seed: int, spared: Collection[str] = ()) -> Iterator[Wave]:
    """Yield waves for ever; ``spared`` is what of the stack cannot be struck here."""
    chance = random.Random(seed)  # noqa: S311 - a campaign that can be repeated
    decks = {lane: _dealt(_kinds(lane), chance) for lane in OPERATIONS}
    struck = _dealt([each for each in STACK if each[0] not in spared], chance)
    number = 0
    while True:
        number += 1
        lanes = {
            lane: tuple(_act(*next(deck), chance) for _ in range(ACTS_A_WAVE[lane]))
            for lane, deck in decks.items()
        }
        faults = [_fault(*next(struck), chance) for _ in range(STACK_A_WAVE)]
        yield Wave(number, lanes, tuple(sorted(faults, key=lambda fault: fault.at)))


def kinds(spared: Collection[str] = ()) -> list[str]:
    """Return every kind of fault that a long campaign strikes with."""
    acts = [
        Act(operation, Fault(victim, how, 0)).kind
        for lane in OPERATIONS
        for operation, victim, how in _kinds(lane)
    ]
    return acts + [Fault(*each, 0).kind for each in STACK if each[0] not in spared]


def _kinds(lane: str) -> list[tuple[str, str, How]]:
    """Return the kinds of a lane: kills of flows first, which are also struck most often."""
    ways = (How.KILL, How.STOP, How.KILL, How.PENDING)
    flows = [(operation, FLOW, how) for how in ways for operation in OPERATIONS[lane]]
    return [*flows, *OTHERS[lane]]


def _dealt(deck: Sequence[Card], chance: random.Random) -> Iterator[Card]:
    """Yield the cards of a deck, shuffled again each time it is used up."""
    while True:
        yield from chance.sample(deck, len(deck))


def _act(operation: str, victim: str, how: How, chance: random.Random) -> Act:
    fault = _fault(victim, how, chance)
    if operation == "run" and victim == FLOW and how is How.STOP:
        fault = Fault(victim, how, fault.at, PAST_A_LEASE_SECONDS)
    return Act(operation, fault)


def _fault(victim: str, how: How, chance: random.Random) -> Fault:
    hold = chance.uniform(MIN_HOLD_SECONDS, MAX_HOLD_SECONDS)
    passing = how in {How.STOP, How.LOCK, How.FILL}
    return Fault(victim, how, chance.random(), round(hold, 1) if passing else 0.0)
