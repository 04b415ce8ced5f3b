"""Tests of rollouts: one at a time in an environment, with one controller at a time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tasks.errors import BusyError, NotFoundError, StaleFenceError
from tasks.ledger.connection import Ledger
from tasks.ledger.rollouts import (
    RolloutRow,
    begin_rollout,
    open_rollouts,
    rollouts,
    save_rollout,
    take_over_rollout,
)


def begin(
    ledger: Ledger, environment: str = "prod", now: float = 0.0, *, alive: bool = True
) -> RolloutRow:
    """Begin a rollout of the shop for ten seconds."""
    document = {"green": "bbbb", "slots": [1, 2]}
    return begin_rollout(
        ledger, "shop", environment, "me", document, now, 10.0, lambda owner: alive
    )


def test_a_rollout_comes_back_as_it_was_saved(ledger: Ledger) -> None:
    """A reconciler that reads another state than was written would revert the wrong release."""
    begun = begin(ledger)
    assert open_rollouts(ledger) == [begun]
    save_rollout(ledger, begun.id, begun.fence, "gated", {"green": "up"}, 5.0, 10.0)
    assert open_rollouts(ledger) == [
        replace(begun, phase="gated", document={"green": "up"}, updated_at=5.0, lease_until=15.0)
    ]


def test_an_environment_has_one_at_a_time(ledger: Ledger) -> None:
    """Two rollouts would switch the same traffic to and fro."""
    begin(ledger)
    with pytest.raises(BusyError, match="being deployed by another run"):
        begin(ledger, now=5.0)
    begin(ledger, "dev")


@pytest.mark.parametrize(("now", "alive"), [(5.0, False), (10.0, True)])
def test_one_whose_controller_is_gone_is_ended_first(
    ledger: Ledger, now: float, alive: bool
) -> None:
    """A new rollout on top would lose which release serves, and what to stop."""
    begin(ledger)
    with pytest.raises(BusyError, match="controller is gone"):
        begin(ledger, now=now, alive=alive)


@pytest.mark.parametrize("phase", ["done", "reverted"])
def test_an_ended_one_makes_room_and_stays_ended(ledger: Ledger, phase: str) -> None:
    """An environment would otherwise be deployed once and never again."""
    first = begin(ledger)
    save_rollout(ledger, first.id, first.fence, phase, {}, 1.0, 10.0)
    assert open_rollouts(ledger) == []
    with pytest.raises(StaleFenceError):
        save_rollout(ledger, first.id, first.fence, "gated", {}, 2.0, 10.0)
    with pytest.raises(StaleFenceError, match=phase):
        take_over_rollout(ledger, first.id, "reconciler", 2.0, 10.0)
    second = begin(ledger, now=3.0)
    assert [row.id for row in rollouts(ledger, "shop", "prod")] == [second.id, first.id]
    assert rollouts(ledger, "shop", "prod", limit=1) == [second]


def test_taking_over_fences_the_former_controller_off(ledger: Ledger) -> None:
    """A controller that was only asleep would otherwise switch traffic after its successor."""
    begun = begin(ledger)
    rollout = take_over_rollout(ledger, begun.id, "reconciler", 20.0, 10.0)
    assert (rollout.owner, rollout.fence, rollout.document) == ("reconciler", 2, begun.document)
    with pytest.raises(StaleFenceError):
        save_rollout(ledger, begun.id, begun.fence, "done", {}, 21.0, 10.0)
    save_rollout(ledger, rollout.id, rollout.fence, "reverted", {}, 21.0, 10.0)


def test_an_unknown_rollout_is_not_found(ledger: Ledger) -> None:
    """A wrong id must not pass for one that ended."""
    with pytest.raises(NotFoundError):
        take_over_rollout(ledger, "none", "me", 0.0, 10.0)
