"""Tests of what a flow run may do next: not wait for the clock, and not begin after its end."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from prefect.server import models  # noqa: F401 - else the next one cannot be imported
from prefect.server.orchestration.core_policy import (
    HandleFlowTerminalStateTransitions,
    WaitForScheduledTime,
)
from prefect.server.schemas.core import FlowRunPolicy
from prefect.server.schemas.states import Running, State, StateType

from stack.server.transitions import stay_ended, wait_by_the_clock_as_it_is
from tests.stack.server.guarded_server import Ask, ask, deploy, make

__all__ = ["ask"]

pytestmark = pytest.mark.prefect

HOUR = timedelta(hours=1)
SOON = timedelta(seconds=10)


async def _told_to_wait(initial: State, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Tell whether a server of ours tells a flow run in this state to wait."""
    monkeypatch.setattr(
        WaitForScheduledTime, "before_transition", WaitForScheduledTime.before_transition
    )
    wait_by_the_clock_as_it_is()
    context: Any = SimpleNamespace(
        initial_state=initial, proposed_state=Running(), orchestration_policy=FlowRunPolicy
    )
    waits: list[int] = []
    rule = WaitForScheduledTime(context, initial.type, Running().type)

    async def note(seconds: int, reason: str) -> None:
        """Note for how long."""
        del reason
        waits.append(seconds)

    monkeypatch.setattr(rule, "delay_transition", note)
    await rule.before_transition(initial, Running(), context)
    return bool(waits)


def test_a_process_that_is_there_does_not_wait_for_the_hour(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Broken: it holds its place and the memory of a process until the clock is there again."""
    now = datetime.now(UTC)
    hour, soon = {"scheduled_time": now + HOUR}, {"scheduled_time": now + SOON}
    scheduled, pending = StateType.SCHEDULED, StateType.PENDING
    states = [
        State.model_validate({"type": kind, "timestamp": set_at, "state_details": due})
        for kind, set_at, due in [
            (scheduled, now + HOUR, hour),
            (scheduled, now, hour),
            (pending, now, hour),
            (pending, now, soon),
        ]
    ]
    waits = [asyncio.run(_told_to_wait(each, monkeypatch)) for each in states]
    assert waits == [False, True, False, True]


@pytest.mark.parametrize("end", ["CANCELLED", "FAILED", "CRASHED", "COMPLETED"])
def test_what_has_ended_begins_only_where_it_is_scheduled_again(
    end: str, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: a run that was cancelled while its process started is executed all the same."""
    rule = HandleFlowTerminalStateTransitions
    monkeypatch.setattr(rule, "before_transition", rule.before_transition)
    stay_ended()
    deployment = deploy(ask, f"ends-{end.lower()}")
    run = make(ask, f"/deployments/{deployment}/create_flow_run", {})

    def becomes(kind: str) -> str:
        """Propose a state, and return the one that the run has then."""
        ask("POST", f"/flow_runs/{run}/set_state", {"state": {"type": kind}})
        return str(ask("GET", f"/flow_runs/{run}").json()["state_type"])

    assert [becomes(kind) for kind in ("PENDING", end, "RUNNING")] == ["PENDING", end, end]
    again = ["SCHEDULED", "PENDING", "RUNNING"]
    assert [becomes(kind) for kind in again] == again
