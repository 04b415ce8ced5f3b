"""The report on the projects: a table of project by stage, and the bars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.bars import Bars, at_most
from benchmarks.projects.life import STAGES, Outcome
from benchmarks.projects.subject import Subject


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of one project; ``trouble`` says why it could not be created."""

    subject: Subject
    outcomes: Mapping[str, Outcome]
    keys: int
    trouble: str = ""

    @property
    def well(self) -> int:
        """How many stages had their effect."""
        return sum(outcome.well for outcome in self.outcomes.values())


def table(results: list[Result]) -> str:
    """Return the table as text, and below it the deviations of failed stages."""
    widths = [max(len(name), 4) for name in STAGES]
    head = "  ".join(f"{name:{width}}" for name, width in zip(STAGES, widths, strict=True))
    lines = [f"{'project':14}{head}  keys by hand"]
    for result in results:
        cells = [_cell(result.outcomes.get(name)) for name in STAGES]
        row = "  ".join(f"{cell:{width}}" for cell, width in zip(cells, widths, strict=True))
        lines.append(f"{result.subject.name:14}{row}  {result.keys}")
    well, all_of_them = counted(results)
    lines += ["", f"{well} of {all_of_them} stages of {len(results)} projects", ""]
    for result in results:
        lines += [f"{result.subject.name} ({result.subject.origin})", *_complaints(result)]
    return "\n".join(lines)


def _cell(outcome: Outcome | None) -> str:
    if outcome is None:
        return "-"
    return f"ok{'+' * bool(outcome.keys)}" if outcome.well else "FAIL"


def _complaints(result: Result) -> list[str]:
    if result.trouble:
        return [f"  could not be made: {result.trouble}"]
    return [
        f"  {name}: {outcome.missing}"
        for name, outcome in result.outcomes.items()
        if not outcome.well
    ]


def counted(results: list[Result]) -> tuple[int, int]:
    """Return how many stages had their effect, and how many were tried."""
    return sum(each.well for each in results), sum(len(each.outcomes) for each in results)


def figures(results: list[Result]) -> dict[str, Any]:
    """Return what came of each stage, and the keys that were added by hand."""
    return {
        "benchmark": "projects",
        "stages": {
            each.subject.name: {
                name: outcome.missing or "ok" for name, outcome in each.outcomes.items()
            }
            for each in results
        },
        "keys_by_hand": {each.subject.name: each.keys for each in results},
    }


def bars(results: list[Result]) -> Bars:
    """Return the bar: no stage without its effect, and no project that could not be made."""
    well, all_of_them = counted(results)
    unmade = sum(bool(each.trouble) for each in results)
    return {"stages_missing": at_most(all_of_them - well + unmade, 0)}
