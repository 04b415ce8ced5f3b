"""The report of a campaign: a table by victim, what deviated, and the bars; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.bars import Bars, at_least, at_most
from benchmarks.kills.effects import Deviations
from benchmarks.kills.points import Victim

NOTHING = Deviations((), (), ())
_SHOWN = 20


@dataclass(slots=True)
class Examined:
    """A workload after its end: who was killed under it, how its runs ended, what deviated.

    ``struck`` are the kills that it had for itself or shared, ``runs`` the states of its runs in
    turn, ``unrecorded`` what its records lack, ``left`` what is left of it.
    """

    name: str
    struck: list[Victim] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    effects: Deviations = NOTHING
    unrecorded: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def lost(self) -> list[str]:
        """Return what is lost: an effect, a record, or the run itself."""
        unfinished = [] if self.runs and self.runs[-1] == "Completed" else [f"ended {self.runs}"]
        return [*self.effects.lost, *self.unrecorded, *unfinished]


@dataclass(slots=True)
class Campaign:
    """All that was seen: the kills, the workloads, and what was left over between waves.

    ``missed`` are kills whose victim was not there, ``problems`` runs that ended otherwise than promised.
    """

    points: int
    kills: list[Victim] = field(default_factory=list)
    missed: list[Victim] = field(default_factory=list)
    examined: list[Examined] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def lost(self) -> list[str]:
        """Return all that was lost."""
        return [f"{each.name}: {what}" for each in self.examined for what in each.lost()]

    def doubled(self) -> list[str]:
        """Return all that was done more often than promised."""
        return [f"{each.name}: {what}" for each in self.examined for what in each.effects.doubled]

    def left_over(self) -> list[str]:
        """Return all that was left."""
        return [
            *(f"{each.name}: {what}" for each in self.examined for what in each.left),
            *self.left,
        ]

    def bars(self) -> Bars:
        """Return the bars: as many kills as asked for, and nothing lost, doubled or left."""
        return {
            "kills": at_least(len(self.kills), self.points),
            "lost": at_most(len(self.lost()) + len(self.problems), 0),
            "doubled": at_most(len(self.doubled()), 0),
            "left": at_most(len(self.left_over()), 0),
        }

    def figures(self) -> dict[str, object]:
        """Return what a program may want to know beside the bars."""
        return {
            "benchmark": "kills",
            "seconds": round(self.seconds),
            "kills": {victim.value: self.kills.count(victim) for victim in Victim},
            "missed": len(self.missed),
            "workloads": len(self.examined),
            "runs": sum(len(each.runs) for each in self.examined),
            "repeated": sum(len(each.effects.repeated) for each in self.examined),
        }


def table(campaign: Campaign) -> str:
    """Return the table by victim; a workload that several kills struck counts for each of them."""
    head = f"{'victim':12} {'kills':>6} {'missed':>7} {'workloads':>10} {'runs':>6} {'lost':>6} {'doubled':>8} {'repeated':>9} {'left':>6}"
    rows = [
        _row(campaign, victim) for victim in Victim if victim in (*campaign.kills, *campaign.missed)
    ]
    others = [each for each in campaign.examined if not each.struck]
    unstruck = [_cells("(none)", 0, 0, others)] if others else []
    wrong = [
        f"{kind}: {what}"
        for kind, all_of in (
            ("lost", campaign.lost()),
            ("doubled", campaign.doubled()),
            ("left", campaign.left_over()),
            ("problem", campaign.problems),
        )
        for what in all_of[:_SHOWN]
    ]
    return "\n".join([head, *rows, *unstruck, *wrong])


def _row(campaign: Campaign, victim: Victim) -> str:
    hit = [each for each in campaign.examined if victim in each.struck]
    return _cells(victim, campaign.kills.count(victim), campaign.missed.count(victim), hit)


def _cells(name: str, kills: int, missed: int, hit: Sequence[Examined]) -> str:
    runs = sum(len(each.runs) for each in hit)
    lost, doubled = (
        sum(len(part) for part in parts)
        for parts in (
            [each.lost() for each in hit],
            [each.effects.doubled for each in hit],
        )
    )
    repeated = sum(len(each.effects.repeated) for each in hit)
    left = sum(len(each.left) for each in hit)
    return f"{name:12} {kills:6} {missed:7} {len(hit):10} {runs:6} {lost:6} {doubled:8} {repeated:9} {left:6}"
