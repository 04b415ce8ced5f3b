"""The report of a campaign: a table of faults, deviations, and the bars."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from benchmarks.bars import Bars, at_least, at_most
from benchmarks.chaos import accounting
from benchmarks.chaos.accounting import Key, Note
from benchmarks.chaos.load import Answers
from benchmarks.chaos.record import Record
from benchmarks.chaos.sources import SLOTS

RECONCILED_SECONDS = 10.0
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Outcome:
    """The records of the campaign, of its load, its shop and its steps."""

    kills: int
    record: Record
    answers: Answers
    rows: Counter[int]
    notes: list[Note]
    deaths: dict[Key, float]
    skipped: tuple[str, ...]

    def wrong(self) -> dict[str, list[str]]:
        """Return everything that was not as it should be, by bar."""
        record = self.record
        return {
            "requests_failed": accounting.unexcused(self.answers.failures, record.away),
            "writes_lost": _texts(accounting.lost_writes(self.answers.acknowledged, self.rows)),
            "writes_doubled": _texts(accounting.doubled_writes(self.rows)),
            "steps_lost": accounting.lost_steps(self.notes, record.complete),
            "steps_doubled": accounting.doubled_steps(self.notes, record.excused),
            "restores_unlike": record.unlike,
            "left_over": record.left,
            "completed_without_effect": record.hollow,
            "without_end": record.stuck,
            "over_capacity": self._over_capacity(),
        }

    def _over_capacity(self) -> list[str]:
        """Return a line for each excess step, with all steps that ran at that moment."""
        at_once = accounting.max_at_once(accounting.attempts_of(self.notes, self.deaths))
        ended = {note.key for note in self.notes if note.kind == accounting.END}
        lines = [
            f"{batch}/{step}, process {pid}: from {each.since:.3f} until {each.until:.3f}"
            f"{'' if each.key in ended else ' (died)'}"
            for each in sorted(at_once, key=lambda each: each.since)
            for batch, step, pid in [each.key]
        ]
        too_many = max(0, len(at_once) - SLOTS)
        return ["; ".join(lines)] * too_many

    @property
    def slowest(self) -> float:
        """The seconds until all was reconciled, at most."""
        return max((max(each) for each in self.record.reconciled.values()), default=0.0)

    def bars(self) -> Bars:
        """Return every bar: its value, its limit, and whether it is met."""
        values: dict[str, float] = {name: len(each) for name, each in self.wrong().items()}
        return {
            **{name: at_most(value, 0) for name, value in values.items()},
            "reconciled_seconds": at_most(self.slowest, RECONCILED_SECONDS),
            "faults_struck": at_least(len(self.record.struck), self.kills),
        }


def _texts(numbers: list[int]) -> list[str]:
    return [str(number) for number in numbers]


def table(outcome: Outcome) -> str:
    """Return the campaign as text: each kind of fault, then each bar with its deviations."""
    struck, missed = (Counter(each) for each in (outcome.record.struck, outcome.record.missed))
    lines = [f"{'fault':44} struck missed  seconds until reconciled (median, most)"]
    for kind in sorted(struck | missed):
        seconds = sorted(outcome.record.reconciled.get(kind, []))
        median_and_most = f"{seconds[len(seconds) // 2]:6.1f} {seconds[-1]:6.1f}" if seconds else ""
        lines.append(f"{kind:44} {struck[kind]:6} {missed[kind]:6}  {median_and_most}")
    lines += [
        "",
        f"{outcome.answers.requests} requests, {len(outcome.answers.acknowledged)} writes",
    ]
    lines += [f"operations that ended {name}: {n}" for name, n in outcome.record.ended.items()]
    lines += [f"not done here: {each}" for each in outcome.skipped]
    wrong = outcome.wrong()
    for name, bar in outcome.bars().items():
        lines.append(f"{name:26} {bar.value:>8} {'met' if bar.met else 'MISSED'}")
        lines += [f"    {each}" for each in wrong.get(name, [])[:_SHOWN]]
    return "\n".join(lines)


def figures(outcome: Outcome) -> dict[str, Any]:
    """Return everything that was counted."""
    record = outcome.record
    return {
        "benchmark": "chaos",
        "faults": accounting.counted(record.struck),
        "missed": accounting.counted(record.missed),
        "reconciled_seconds": {kind: max(each) for kind, each in record.reconciled.items()},
        "requests": outcome.answers.requests,
        "writes": len(outcome.answers.acknowledged),
        "excused_failures": len(outcome.answers.failures) - len(outcome.wrong()["requests_failed"]),
        "ended": dict(record.ended),
        "not_done_here": list(outcome.skipped),
    }
