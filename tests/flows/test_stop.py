"""`stop` says what it did, also where that is nothing."""

from __future__ import annotations

import pytest

from flows.stop import stopped
from tasks.launch.target import Target


@pytest.mark.parametrize(
    ("count", "remarks", "said"),
    [
        (0, [], "0 instances stopped. Nothing of shop ran in dev."),
        (0, ["See x."], "0 instances stopped. Nothing of shop ran in dev. See x."),
        (2, ["See x."], "2 instances stopped. See x."),
    ],
)
def test_the_state_says_what_was_stopped(
    target: Target, count: int, remarks: list[str], said: str
) -> None:
    """Who stops the wrong environment believes that it is done."""
    state: object = stopped(target, count, remarks)
    assert getattr(state, "message", None) == said


def test_what_went_as_asked_needs_no_words(target: Target) -> None:
    """Who awaits the flow gets a state in the place of a number."""
    assert stopped(target, 2, []) == 2
