"""Tests of the event that a rollout stands for."""

from __future__ import annotations

import pytest

from tasks.deploy.events import rollout_event
from tasks.deploy.rollout import Phase, Rollout, RolloutKind
from tasks.events import EventName


@pytest.mark.parametrize("phase", Phase)
def test_only_what_is_over_has_ended(phase: Phase) -> None:
    """A rollout that is still being reverted would be told as reverted, or one twice."""
    ended = {Phase.DONE: EventName.DEPLOY_DONE, Phase.REVERTED: EventName.DEPLOY_REVERTED}
    rollout = Rollout("shop", "prod", "2", phase=phase)
    assert rollout_event(rollout).name is ended.get(phase, EventName.DEPLOY_STARTED)


def test_a_rollback_is_told_as_one() -> None:
    """Who reads the message would look for a deploy."""
    rollout = Rollout("shop", "prod", "1", kind=RolloutKind.ROLLBACK, from_version="2")
    payload = rollout_event(rollout).payload
    assert payload["subject"] == "The rollback of shop in prod to version 1 has started"
    assert (payload["kind"], payload["from_version"]) == ("rollback", "2")
