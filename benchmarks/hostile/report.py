"""The report of the campaign: a line for each attack that was not refused as it must, and bars."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from benchmarks.bars import Bars, at_least, at_most


@dataclass(slots=True)
class Verdicts:
    """The observations by bar; each list names the deviations."""

    asked: Counter[str] = field(default_factory=Counter)
    taken: list[str] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)
    leaked: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def bars(self, least: int) -> Bars:
        """Return every bar: its value, its limit, and whether it is met."""
        wrong = {
            "not_refused": self.taken,
            "without_field_or_remedy": self.unexplained,
            "content_shown": self.leaked,
            "started_or_written": self.left,
            "does_not_run_afterwards": self.broken,
        }
        bars = {name: at_most(len(each), 0) for name, each in wrong.items()}
        return {**bars, "attacks": at_least(self.asked.total(), least)}

    def lines(self) -> list[str]:
        """Return how often each operation was attacked, and all that was wrong."""
        wrong = {
            "not refused": self.taken,
            "refused without field or remedy": self.unexplained,
            "shows what stands in a file": self.leaked,
            "left behind": self.left,
            "does not run afterwards": self.broken,
        }
        return [
            *(f"{operation:<12} {count:>5} attacks" for operation, count in self.asked.items()),
            *(f"{what}: {each}" for what, every in wrong.items() for each in every),
        ]
