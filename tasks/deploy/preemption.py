"""Preemption: a rollback withdraws a deploy that has not moved the traffic, and goes first."""

from __future__ import annotations

import time
from collections.abc import Callable

from tasks.cancellation import is_cancelled
from tasks.deploy.document import from_document
from tasks.deploy.rollout import Phase, RolloutKind
from tasks.errors import BusyError
from tasks.holder import acting, run_of
from tasks.ledger.connection import Ledger
from tasks.ledger.rollouts import ENDED, RolloutRow, open_rollout, rollouts, withdraw_rollout
from tasks.narration import doing, tell

_POLL_SECONDS = 0.05
_BEGIN_SECONDS = 5.0
"""A rollback that has not begun this long after its withdrawn deploy ended had no way back."""


def withdraw_open_deploy(
    ledger: Ledger, project: str, environment: str, reconcile: Callable[[], object]
) -> None:
    """Return when no deploy is running there: one that has not moved the traffic is withdrawn.

    What it waits for is logged at once.

    Args:
        ledger: The ledger.
        project: The project that is to be rolled back.
        environment: The environment in which it is.
        reconcile: Ends the rollouts whose controllers are dead.

    Raises:
        BusyError: Another rollback is running there, or this run was cancelled while it waited.
    """
    while (row := open_rollout(ledger, project, environment)) is not None:
        if from_document(row.document).kind is not RolloutKind.DEPLOY:
            place, run = f"{project}/{environment}", run_of(row.owner)
            raise BusyError(f"{place} is being rolled back by {run}. Wait for its end.")
        withdraw_rollout(ledger, row.id, f"it was withdrawn for a rollback, by {acting()}")
        _await_change(ledger, row, reconcile)


def await_drain(
    ledger: Ledger, project: str, environment: str, reconcile: Callable[[], object]
) -> None:
    """Return when no rollout there is draining: it has moved the traffic and lets requests finish.

    Its controller may be the reconciler, which ends what a killed one has begun.

    Args:
        ledger: The ledger.
        project: The project that is to be deployed.
        environment: The environment in which it is.
        reconcile: Ends the rollouts whose controllers are dead.

    Raises:
        BusyError: This run was cancelled while it waited.
    """
    while (row := open_rollout(ledger, project, environment)) and row.phase == Phase.DRAINING:
        _await_change(ledger, row, reconcile)


def await_successor(ledger: Ledger, withdrawn: RolloutRow) -> None:
    """Return when the rollback that withdrew this ended rollout has moved the traffic, or ended.

    What serves is then what the rollback chose.
    """
    deadline = time.monotonic() + _BEGIN_SECONDS
    with doing("waiting for the rollback that has withdrawn it"):
        while not is_cancelled():
            newest = rollouts(ledger, withdrawn.project, withdrawn.environment, limit=1)[0]
            has_begun = newest.id != withdrawn.id
            settled = newest.phase in {*ENDED, Phase.DRAINING}
            if settled if has_begun else time.monotonic() > deadline:
                return
            time.sleep(_POLL_SECONDS)


def _await_change(ledger: Ledger, row: RolloutRow, reconcile: Callable[[], object]) -> None:
    """Return when the open rollout there is another one, or none, or has reached another stage."""
    line = _waiting_for(row)
    tell(f"Waiting {line}")
    current: RolloutRow | None = row
    with doing(f"waiting {line}"):
        while current is not None and current.id == row.id and _waiting_for(current) == line:
            if is_cancelled():
                where = f"{row.project}/{row.environment}"
                raise BusyError(f"{where} is still being deployed: {current.phase}")
            reconcile()
            time.sleep(_POLL_SECONDS)
            current = open_rollout(ledger, row.project, row.environment)


def _waiting_for(row: RolloutRow) -> str:
    rollout = from_document(row.document)
    deploy = f"the deploy of {rollout.version or rollout.to_release[:12]}"
    if row.phase == Phase.DRAINING:
        return f"for the end of {deploy}: it has moved the traffic, and lets requests finish"
    return f"for {deploy} to be withdrawn: it has not moved the traffic"
