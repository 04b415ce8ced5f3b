"""Tests of the message of `stop`."""

from __future__ import annotations

from typing import Any

import pytest

from flows.stop import stopped
from tasks.launch.target import Target


@pytest.mark.parametrize(
    ("count", "remarks", "message"),
    [
        (0, [], "0 instances stopped. Nothing of shop ran in dev."),
        (0, ["See x."], "0 instances stopped. Nothing of shop ran in dev. See x."),
        (2, ["See x."], "2 instances stopped. See x."),
    ],
)
def test_the_state_says_what_was_stopped(
    target: Target, count: int, remarks: list[str], message: str
) -> None:
    """Who stops the wrong environment believes that it is done."""
    state: object = stopped(target, count, remarks)
    assert getattr(state, "message", None) == message


def test_what_was_started_again_meanwhile_is_told(target: Target) -> None:
    """Who stops what another run launches again believes that it is down."""
    state: object = stopped(target, 2, [], "shop 1 runs in dev.")
    assert getattr(state, "message", None) == "shop 1 runs in dev.\n2 instances stopped"
    assert getattr(state, "name", None) == "Overtaken"


def test_what_went_as_asked_says_so(target: Target) -> None:
    """Broken: the list of runs says Completed, and not of what."""
    state: Any = stopped(target, 2, [])
    assert (state.message, state.data) == ("2 instances stopped", 2)
