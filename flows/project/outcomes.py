"""What became of each project of a run on several: a sentence, a table and a result; pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tasks.errors import SlipwayError, shortened

_MAX_REASON_LENGTH = 300
_MAX_NAMED = 10
"""Number of projects whose failure the sentence tells."""


@dataclass(frozen=True, slots=True)
class ProjectOutcome:
    """What became of one project.

    ``outcome`` is the name of the state in which its task run ended, ``detail`` the message of that
    state; ``result`` is what the operation on this project alone would have returned.
    """

    project: str
    outcome: str
    succeeded: bool
    seconds: float
    detail: str
    result: Any = None


class SomeProjectsFailedError(SlipwayError):
    """Some projects failed; the text is a sentence, and below it the outcomes as JSON.

    A result that is kept as JSON gives back of an error nothing but its text.
    """

    @classmethod
    def of(cls, sentence: str, outcomes: Sequence[ProjectOutcome]) -> SomeProjectsFailedError:
        """Return the error with that sentence and those outcomes."""
        return cls(f"{sentence}\n{json.dumps(documents(outcomes), default=str)}")

    @property
    def outcomes(self) -> list[dict[str, Any]]:
        """What became of each project."""
        outcomes: list[dict[str, Any]] = json.loads(str(self).rpartition("\n")[2])
        return outcomes


def documents(outcomes: Sequence[ProjectOutcome]) -> list[dict[str, Any]]:
    """Return ``outcomes`` as the result of a run."""
    return [asdict(each) for each in outcomes]


def table(outcomes: Sequence[ProjectOutcome]) -> list[dict[str, object]]:
    """Return one row a project; those that failed come first."""
    return [
        {
            "project": each.project,
            "outcome": each.outcome,
            "seconds": each.seconds,
            "detail": each.detail,
        }
        for each in sorted(outcomes, key=lambda each: each.succeeded)
    ]


def sentence(outcomes: Sequence[ProjectOutcome]) -> str:
    """Return how many succeeded, why the others did not, and what was done for those that did."""
    failures = [each for each in outcomes if not each.succeeded]
    count = f"{len(outcomes) - len(failures)} of {len(outcomes)} projects succeeded"
    reasons = [f"{each.project} failed: {_reason(each.detail)}" for each in failures[:_MAX_NAMED]]
    if further := failures[_MAX_NAMED:]:
        reasons.append(f"{', '.join(each.project for each in further)} failed as well")
    done = [each for each in outcomes if each.succeeded and each.detail.strip()]
    reasons += [f"{each.project}: {_reason(each.detail)}" for each in done[:_MAX_NAMED]]
    return "; ".join([count, *reasons])


def _reason(detail: str) -> str:
    """Return the first line of ``detail``, which the table has in full."""
    first = detail.strip().partition("\n")[0]
    return shortened(first, _MAX_REASON_LENGTH).rstrip(".")
