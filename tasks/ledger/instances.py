"""Instances: what is meant to run where; whether it does is asked of the process itself."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import asdict

from sqlalchemy import Connection, case, delete, select, update

from tasks.ledger.connection import Ledger
from tasks.ledger.tables.deployment import instances as table
from tasks.ledger.turns import Turn, publish_next, publish_turn
from tasks.ledger.upsert import upsert
from tasks.release import LEAVING, Instance, InstanceState


def record_instance(ledger: Ledger, instance: Instance) -> None:
    """Record ``instance``; one of the same id takes the new values."""
    with ledger.write() as connection:
        upsert(connection, table, [asdict(instance)])


def instances(
    ledger: Ledger,
    project: str | None = None,
    environment: str | None = None,
    states: Collection[InstanceState] | None = None,
) -> list[Instance]:
    """Return the instances that match all that is given, oldest first."""
    query = select(table).order_by(table.c.started_at, table.c.id)
    if project is not None:
        query = query.where(table.c.project == project)
    if environment is not None:
        query = query.where(table.c.environment == environment)
    if states is not None:
        query = query.where(table.c.state.in_(states))
    with ledger.read() as connection:
        return [Instance(**row) for row in connection.execute(query).mappings()]


def describe_instances(ledger: Ledger, described: Collection[Instance]) -> None:
    """Record the configuration and the health path of each, and nothing else of them."""
    with ledger.write() as connection:
        for one in described:
            connection.execute(
                update(table)
                .where(table.c.id == one.id)
                .values(configuration=dict(one.configuration), health_path=one.health_path)
            )


def set_instance_state(ledger: Ledger, ids: Collection[str], state: InstanceState) -> int:
    """Set what the instances of ``ids`` are meant to be, and return of how many it was set.

    What is being ended, or has been, does not come back: it is left as it is.
    """
    if not ids:
        return 0
    with ledger.write() as connection:
        return _set_state(connection, ids, state)


def mark_stopping(ledger: Ledger, ids: Collection[str], owner: str) -> None:
    """Record that ``owner`` is about to end these: to be done before it is."""
    if not ids:
        return
    with ledger.write() as connection:
        _mark_stopping(connection, ids, owner)


def hand_over(
    ledger: Ledger, arriving: Collection[str], leaving: Collection[str], owner: str, turn: Turn
) -> bool:
    """Let ``arriving`` serve and ``owner`` end ``leaving``, both or neither.

    Returns:
        Whether it was done; not, when somebody is ending one of ``arriving``, or when somebody
        whose turn is later has published there.
    """
    going = select(table.c.id).where(table.c.id.in_(arriving), table.c.state.in_(LEAVING))
    with ledger.write() as connection:
        if connection.execute(going).first() or not publish_turn(connection, turn):
            return False
        _set_state(connection, arriving, InstanceState.RUNNING)
        _mark_stopping(connection, leaving, owner)
    return True


def condemn(
    ledger: Ledger, project: str, environment: str, ids: Collection[str], owner: str
) -> None:
    """Record that ``owner`` is about to end these, and that nothing that began before serves."""
    with ledger.write() as connection:
        publish_next(connection, project, environment)
        _mark_stopping(connection, ids, owner)


def take_instances(ledger: Ledger, ids: Collection[str], owner: str) -> None:
    """Record that ``owner`` is at work on these: another one who dies over them is no matter."""
    if not ids:
        return
    with ledger.write() as connection:
        connection.execute(update(table).where(table.c.id.in_(ids)).values(owner=owner))


def claim_instance(ledger: Ledger, instance: Instance, owner: str) -> bool:
    """Let ``owner`` end ``instance``, unless it is no longer as it was seen."""
    as_seen = (
        table.c.id == instance.id,
        table.c.state == instance.state,
        table.c.owner == instance.owner,
    )
    ending = update(table).where(*as_seen).values(state=InstanceState.STOPPING, owner=owner)
    with ledger.write() as connection:
        return connection.execute(ending).rowcount == 1


def _set_state(connection: Connection, ids: Collection[str], state: InstanceState) -> int:
    named = update(table).where(table.c.id.in_(ids))
    if state not in LEAVING:
        named = named.where(table.c.state.not_in(LEAVING))
    return connection.execute(named.values(state=state)).rowcount


def _mark_stopping(connection: Connection, ids: Collection[str], owner: str) -> None:
    named = update(table).where(table.c.id.in_(ids))
    served = case((table.c.state == InstanceState.RUNNING, time.time()), else_=table.c.served_until)
    connection.execute(named.values(state=InstanceState.STOPPING, owner=owner, served_until=served))


def forget_instances(ledger: Ledger, ids: Collection[str]) -> None:
    """Forget instances whose folders are gone."""
    with ledger.write() as connection:
        connection.execute(delete(table).where(table.c.id.in_(ids)))
