"""Instances of services that should run; only their processes tell whether they do."""

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
    """Return the instances that match all given criteria, oldest first."""
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
        for instance in described:
            connection.execute(
                update(table)
                .where(table.c.id == instance.id)
                .values(
                    configuration=dict(instance.configuration), health_path=instance.health_path
                )
            )


def set_instance_state(ledger: Ledger, ids: Collection[str], state: InstanceState) -> int:
    """Set the desired state of the instances of ``ids``, and return how many were set.

    Instances that are being ended, or have ended, are left as they are.
    """
    if not ids:
        return 0
    with ledger.write() as connection:
        return _set_state(connection, ids, state)


def mark_stopping(ledger: Ledger, ids: Collection[str], owner: str) -> None:
    """Record that ``owner`` is about to end these instances; call it before ending them."""
    if not ids:
        return
    with ledger.write() as connection:
        _mark_stopping(connection, ids, owner)


def hand_over(
    ledger: Ledger, arriving: Collection[str], leaving: Collection[str], owner: str, turn: Turn
) -> bool:
    """Let ``arriving`` serve and ``owner`` end ``leaving``, both or neither.

    Returns:
        Whether it was done; False if somebody is ending one of ``arriving``, or if somebody with a
        later turn has published there.
    """
    going = select(table.c.id).where(table.c.id.in_(arriving), table.c.state.in_(LEAVING))
    with ledger.write() as connection:
        if connection.execute(going).first() or not publish_turn(connection, turn):
            return False
        _set_state(connection, arriving, InstanceState.RUNNING)
        _mark_stopping(connection, leaving, owner)
    return True


def mark_for_stop(
    ledger: Ledger, project: str, environment: str, ids: Collection[str], owner: str
) -> None:
    """Record that ``owner`` is about to end these, and that all earlier turns are overtaken."""
    with ledger.write() as connection:
        publish_next(connection, project, environment)
        _mark_stopping(connection, ids, owner)


def take_instances(ledger: Ledger, ids: Collection[str], owner: str) -> None:
    """Record ``owner`` as the new owner of these, so that the death of the former has no effect."""
    if not ids:
        return
    with ledger.write() as connection:
        connection.execute(update(table).where(table.c.id.in_(ids)).values(owner=owner))


def claim_instance(ledger: Ledger, instance: Instance, owner: str) -> bool:
    """Let ``owner`` end ``instance``, unless it has changed since it was read."""
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
