"""Tests of turns: the latest to begin has the last word."""

from __future__ import annotations

import pytest

from tasks.ledger.connection import Ledger
from tasks.ledger.instances import hand_over, mark_for_stop
from tasks.ledger.rollouts import begin_rollout, save_rollout
from tasks.ledger.turns import Turn, is_overtaken, last_turn, take_turn


def published(ledger: Ledger, turn: Turn) -> bool:
    """Publish ``turn`` as a launch does that brings nothing."""
    return hand_over(ledger, [], [], "me", turn)


def test_who_began_later_is_not_overwritten(ledger: Ledger) -> None:
    """A launch that waited for health would take the traffic from what was launched since."""
    early, late = take_turn(ledger, "shop", "dev"), take_turn(ledger, "shop", "dev")
    assert published(ledger, late)
    assert is_overtaken(ledger, early)
    assert not published(ledger, early)
    assert not is_overtaken(ledger, late)


def test_who_began_earlier_and_was_quicker_is_replaced(ledger: Ledger) -> None:
    """The later of two launches would fail only because the other one was quick."""
    early, late = take_turn(ledger, "shop", "dev"), take_turn(ledger, "shop", "dev")
    assert published(ledger, early)
    assert published(ledger, late)


def test_other_places_are_no_rivals(ledger: Ledger) -> None:
    """A deploy to one environment would end the launches of all others."""
    turn = take_turn(ledger, "shop", "dev")
    take_turn(ledger, "shop", "prod")
    assert published(ledger, take_turn(ledger, "shop", "prod"))
    assert published(ledger, turn)


def test_what_brings_back_overtakes_nobody_and_is_overtaken_by_all(ledger: Ledger) -> None:
    """A revival would keep a new version from serving, or take its traffic."""
    launching = take_turn(ledger, "shop", "dev")
    reviving = last_turn(ledger, "shop", "dev")
    assert published(ledger, reviving)
    assert published(ledger, launching)
    assert is_overtaken(ledger, reviving)


def test_a_stop_overtakes_what_began_before(ledger: Ledger) -> None:
    """What was stopped would serve again when a slow launch comes to its end."""
    launching = take_turn(ledger, "shop", "dev")
    mark_for_stop(ledger, "shop", "dev", [], "me")
    assert is_overtaken(ledger, launching)
    assert not is_overtaken(ledger, take_turn(ledger, "shop", "dev"))


@pytest.mark.parametrize(("phase", "overtakes"), [("done", True), ("reverted", False)])
def test_a_rollout_overtakes_where_it_is_done(ledger: Ledger, phase: str, overtakes: bool) -> None:
    """A rollback in need would be undone by a launch, or a failed deploy end one for nothing."""
    launching = take_turn(ledger, "shop", "dev")
    row = begin_rollout(ledger, "shop", "dev", "me", {}, 0.0, 10.0, lambda _owner: True)
    save_rollout(ledger, row.id, row.fence, "draining", {}, 1.0, 10.0)
    assert not is_overtaken(ledger, launching)
    save_rollout(ledger, row.id, row.fence, phase, {}, 2.0, 10.0)
    assert is_overtaken(ledger, launching) is overtakes
