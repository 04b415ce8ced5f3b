"""The persisted state of rollouts, of which one at a time is open in an environment."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, insert, select, update

from tasks.errors import BusyError, NotFoundError, StaleFenceError
from tasks.holder import run_of
from tasks.ledger.connection import Ledger
from tasks.ledger.tables.deployment import rollouts as table
from tasks.ledger.turns import publish_next

DONE = "done"
ENDED = (DONE, "reverted")
FIRST_PHASE = "begun"


@dataclass(frozen=True, slots=True)
class RolloutRow:
    """A rollout as recorded; ``document`` is the deployer's own state, ``fence`` its fencing token.

    ``withdrawn`` is the reason why its controller is asked to give it up; empty if it is not.
    """

    id: str
    project: str
    environment: str
    phase: str
    owner: str
    fence: int
    lease_until: float
    document: dict[str, Any]
    started_at: float
    updated_at: float
    withdrawn: str = ""


def begin_rollout(  # noqa: PLR0917 - the fields of a rollout, and a check of the former owner
    ledger: Ledger,
    project: str,
    environment: str,
    owner: str,
    document: dict[str, Any],
    now: float,
    lease_seconds: float,
    owner_alive: Callable[[str], bool],
) -> RolloutRow:
    """Begin a rollout in phase ``begun``, held by ``owner`` under fence 1.

    An open one whose owner is gone has to be taken over and ended first, as only its document says
    which release serves.

    Raises:
        BusyError: When one is open there; the message says whether its owner lives.
    """
    begun = RolloutRow(
        id=secrets.token_hex(6),
        project=project,
        environment=environment,
        phase=FIRST_PHASE,
        owner=owner,
        fence=1,
        lease_until=now + lease_seconds,
        document=document,
        started_at=now,
        updated_at=now,
    )
    with ledger.write() as connection:
        existing = _open_there(connection, project, environment)
        if existing is None:
            values = {name: getattr(begun, name) for name in RolloutRow.__slots__}
            connection.execute(insert(table).values(**values))
    if existing is not None:
        raise BusyError(
            _busy(existing, alive=existing.lease_until > now and owner_alive(existing.owner))
        )
    return begun


def save_rollout(  # noqa: PLR0917 - the fence, the state and the time
    ledger: Ledger,
    rollout_id: str,
    fence: int,
    phase: str,
    document: dict[str, Any],
    now: float,
    lease_seconds: float,
) -> None:
    """Persist the next state of a rollout and renew its lease; one that ended stays ended.

    A rollout that is done overtakes everybody who began earlier to change what serves there.

    Raises:
        StaleFenceError: When it was taken over, or ended and would be opened again.
    """
    mine = [table.c.id == rollout_id, table.c.fence == fence]
    if phase not in ENDED:
        mine.append(table.c.phase.not_in(ENDED))
    with ledger.write() as connection:
        saved = connection.execute(
            update(table)
            .where(*mine)
            .values(phase=phase, document=document, updated_at=now, lease_until=now + lease_seconds)
            .returning(table.c.project, table.c.environment)
        ).one_or_none()
        if saved is not None and phase == DONE:
            publish_next(connection, *saved)
    if saved is None:
        raise StaleFenceError(f"rollout {rollout_id} was taken over or has ended (fence {fence})")


def amend_rollout(ledger: Ledger, row: RolloutRow, document: dict[str, Any]) -> None:
    """Replace the ``document`` of a rollout that has ended."""
    with ledger.write() as connection:
        connection.execute(
            update(table)
            .where(table.c.id == row.id, table.c.fence == row.fence, table.c.phase.in_(ENDED))
            .values(document=document)
        )


def take_over_rollout(
    ledger: Ledger, rollout_id: str, owner: str, now: float, lease_seconds: float
) -> RolloutRow:
    """Give an open rollout to ``owner`` under the next fence; its former owner is refused.

    Raises:
        NotFoundError: When there is no such rollout.
        StaleFenceError: When it has ended meanwhile.
    """
    query = select(table).where(table.c.id == rollout_id)
    with ledger.write() as connection:
        updated = connection.execute(
            update(table)
            .where(table.c.id == rollout_id, table.c.phase.not_in(ENDED))
            .values(owner=owner, fence=table.c.fence + 1, lease_until=now + lease_seconds)
        )
        row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFoundError("rollout", rollout_id, [], "Name one that is open.")
    if updated.rowcount == 0:
        raise StaleFenceError(f"rollout {rollout_id} has ended as {row['phase']}")
    return RolloutRow(**row)


def withdraw_rollout(ledger: Ledger, rollout_id: str, why: str) -> None:
    """Ask the controller of an open rollout to give it up, which it does unless it has switched."""
    with ledger.write() as connection:
        connection.execute(
            update(table)
            .where(table.c.id == rollout_id, table.c.phase.not_in(ENDED))
            .values(withdrawn=why)
        )


def why_withdrawn(ledger: Ledger, rollout_id: str) -> str:
    """Return why that rollout must be given up, or ``""``."""
    query = select(table.c.withdrawn).where(table.c.id == rollout_id)
    with ledger.read() as connection:
        return connection.execute(query).scalar() or ""


def open_rollout(ledger: Ledger, project: str, environment: str) -> RolloutRow | None:
    """Return the rollout that is open in an environment, if any."""
    with ledger.read() as connection:
        return _open_there(connection, project, environment)


def open_rollouts(ledger: Ledger) -> list[RolloutRow]:
    """Return the rollouts that are neither done nor reverted, oldest first."""
    query = select(table).where(table.c.phase.not_in(ENDED)).order_by(table.c.started_at)
    return _read(ledger, query)


def rollouts(ledger: Ledger, project: str, environment: str, limit: int = 20) -> list[RolloutRow]:
    """Return the newest rollouts of an environment, newest first."""
    query = (
        select(table)
        .where(table.c.project == project, table.c.environment == environment)
        .order_by(table.c.started_at.desc())
        .limit(limit)
    )
    return _read(ledger, query)


def _read(ledger: Ledger, query: Select[Any]) -> list[RolloutRow]:
    with ledger.read() as connection:
        return [RolloutRow(**row) for row in connection.execute(query).mappings()]


def _open_there(connection: Connection, project: str, environment: str) -> RolloutRow | None:
    query = select(table).where(
        table.c.project == project,
        table.c.environment == environment,
        table.c.phase.not_in(ENDED),
    )
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else RolloutRow(**row)


def _busy(existing: RolloutRow, *, alive: bool) -> str:
    place = f"{existing.project}/{existing.environment}"
    if alive:
        run = run_of(existing.owner)
        return f"{place} is being deployed by {run} ({existing.phase}). Wait for its end."
    return (
        f"{place} has a rollout ({existing.id}, {existing.phase}) whose controller is gone. "
        "The reconciler ends it within seconds: try again then."
    )
