"""What the server lets a flow run do next: it begins by the clock as it is, and not after its end."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from prefect.server.orchestration.core_policy import (
    HandleFlowTerminalStateTransitions,
    WaitForScheduledTime,
)

from stack.runs.clock_set_back import waits_in_vain


def wait_by_the_clock_as_it_is() -> None:
    """Make a flow run begin that waits only because the clock was set back after it was due."""
    wait = WaitForScheduledTime.before_transition

    async def wait_unless_in_vain(
        self: WaitForScheduledTime, initial_state: Any, proposed_state: Any, context: Any
    ) -> None:
        """Let a flow run wait as Prefect does, unless it waits in vain."""
        if initial_state is None or not waits_in_vain(
            initial_state.type.value,
            initial_state.timestamp,
            initial_state.state_details.scheduled_time,
            datetime.now(UTC),
        ):
            await wait(self, initial_state, proposed_state, context)

    WaitForScheduledTime.before_transition = wait_unless_in_vain  # type: ignore[method-assign]


def stay_ended() -> None:
    """Have no flow run begin that has ended: somebody cancelled it just before its process began.

    Prefect lets it. One that is to be repeated is Scheduled before it begins.
    """
    let_go_on = HandleFlowTerminalStateTransitions.before_transition

    async def reject_beginning(
        self: HandleFlowTerminalStateTransitions,
        initial_state: Any,
        proposed_state: Any,
        context: Any,
    ) -> None:
        """Leave a run of a deployment as it ended; else do as Prefect does."""
        begins = proposed_state is not None and proposed_state.is_running()
        if begins and initial_state is not None and context.run.deployment_id:
            await self.reject_transition(None, f"It has ended before: {initial_state.name}.")
        else:
            await let_go_on(self, initial_state, proposed_state, context)

    HandleFlowTerminalStateTransitions.before_transition = reject_beginning  # type: ignore[method-assign]
