"""The accounting of a campaign: what was lost, doubled or too much, from what was written down.

Pure. Steps note ``begin`` and ``end`` with their batch, id and process; a batch is one run of a
workload, however often it was killed and started again.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

Key = tuple[str, str, int]
"""Batch, step and process: one attempt of a step."""

BEGIN = "begin"
END = "end"


@dataclass(frozen=True, slots=True)
class Note:
    """A note of a step: that it began or ended, in which process, and when."""

    kind: str
    batch: str
    step: str
    pid: int
    at: float

    @property
    def key(self) -> Key:
        """The attempt to which it belongs."""
        return (self.batch, self.step, self.pid)


@dataclass(frozen=True, slots=True)
class Window:
    """A time in which a service was meant to be away: from a kill until it answered again."""

    since: float
    until: float


def notes_of(text: str) -> list[Note]:
    """Read notes, one a line; the last line may not be complete yet."""
    lines = [line.split() for line in text.split("\n")[:-1]]
    return [
        Note(kind, batch, step, int(pid), float(at))
        for kind, batch, step, pid, at in (line for line in lines if len(line) == len(_FIELDS))
    ]


_FIELDS = ("kind", "batch", "step", "pid", "at")


def lost_steps(notes: Iterable[Note], wanted: Mapping[str, Collection[str]]) -> list[str]:
    """Return the steps of ``wanted`` (ids by batch that is said to be complete) without an end."""
    ended = {(note.batch, note.step) for note in notes if note.kind == END}
    return sorted(
        f"{batch}/{step}"
        for batch, steps in wanted.items()
        for step in steps
        if (batch, step) not in ended
    )


def doubled_steps(notes: Iterable[Note], excused: Collection[str] = ()) -> list[str]:
    """Return the steps that ended more than once in their batch, unless that is excused."""
    ended = Counter((note.batch, note.step) for note in notes if note.kind == END)
    return sorted(
        f"{batch}/{step}"
        for (batch, step), times in ended.items()
        if times > 1 and batch not in excused
    )


def unfinished(notes: Iterable[Note]) -> list[Key]:
    """Return the attempts that noted a beginning and no end, in the order in which they began."""
    begun: dict[Key, None] = {}
    for note in notes:
        if note.kind == BEGIN:
            begun[note.key] = None
        else:
            begun.pop(note.key, None)
    return list(begun)


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt of a step, and the times between which it was running."""

    key: Key
    since: float
    until: float


def attempts_of(notes: Iterable[Note], deaths: Mapping[Key, float]) -> list[Attempt]:
    """Return the attempts whose end is known, in the order of their ends.

    One that noted no end was running until its process died, of which ``deaths`` tells; without
    that, it is left out.
    """
    attempts: list[Attempt] = []
    begun: dict[Key, float] = {}
    for note in notes:
        if note.kind == BEGIN:
            begun[note.key] = note.at
        elif note.key in begun:
            attempts.append(Attempt(note.key, begun.pop(note.key), note.at))
    attempts += [
        Attempt(key, since, max(since, deaths[key]))
        for key, since in begun.items()
        if key in deaths
    ]
    return attempts


def max_at_once(attempts: Sequence[Attempt]) -> list[Attempt]:
    """Return the attempts that ran at the moment with the most running attempts."""
    changes = [(each.since, 1) for each in attempts] + [(each.until, -1) for each in attempts]
    most = now = 0
    moment = 0.0
    for at, change in sorted(changes):
        now += change
        if now > most:
            most, moment = now, at
    return [each for each in attempts if each.since <= moment < each.until]


def lost_writes(acknowledged: Collection[int], rows: Counter[int]) -> list[int]:
    """Return the numbers that were acknowledged and are not there."""
    return sorted(set(acknowledged) - rows.keys())


def doubled_writes(rows: Counter[int]) -> list[int]:
    """Return the numbers that are there more than once."""
    return sorted(number for number, times in rows.items() if times > 1)


def unexcused(failures: Iterable[tuple[float, str]], away: Sequence[Window]) -> list[str]:
    """Return the failed requests (when, what) that no window covers."""
    return [
        what for at, what in failures if not any(each.since <= at <= each.until for each in away)
    ]


def counted(kinds: Iterable[str]) -> dict[str, int]:
    """Return how often each kind occurs, by name."""
    times: dict[str, int] = defaultdict(int)
    for kind in kinds:
        times[kind] += 1
    return dict(sorted(times.items()))
