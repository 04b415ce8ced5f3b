"""Reconciling: a rollout whose controller died is finished or reverted by what is to be seen.

The record says only what was being attempted; whether traffic has moved is read from the router,
and who is alive from the processes. Afterwards exactly one release is live.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from blocks.routers.interface import Router
from tasks.deploy.cutover import Cutover, recorded
from tasks.deploy.document import from_document, to_document
from tasks.deploy.effects import Effect, Nothing
from tasks.deploy.rollout import Phase, Rollout, advance, revert, shift_of
from tasks.deploy.survey import address
from tasks.errors import StaleFenceError
from tasks.ledger.connection import Ledger
from tasks.ledger.rollouts import RolloutRow, open_rollouts, save_rollout, take_over_rollout
from tasks.presence import is_present
from tasks.release import Instance, InstanceState

# The resident reconciler has others to look after as well.
_DRAIN_SECONDS = 2.0
_LEASE_SECONDS = 15.0
_GATED = frozenset({Phase.SHIFTING, Phase.DRAINING})


@dataclass(frozen=True, slots=True)
class Sighting:
    """What is to be seen: the instances meant to be there, which live, and where traffic goes."""

    instances: Mapping[str, Instance]
    alive: Collection[str]
    upstreams: Collection[str]


def started_by(rollout: Rollout, there: Mapping[str, Instance]) -> tuple[str, ...]:
    """Return what ``rollout`` started, also what it had no time to write down."""
    before = {*rollout.serving, *rollout.warm, *rollout.fresh}
    unsaved = tuple(
        one.id
        for one in there.values()
        if rollout.phase not in {Phase.PREPARING, Phase.BUILT, Phase.BEFORE}
        and one.id not in before
        and one.release == rollout.to_release
        and one.state is InstanceState.STARTING
        and one.started_at >= rollout.started_at
    )
    return (*rollout.fresh, *unsaved)


def settle(rollout: Rollout, seen: Sighting, now: float) -> tuple[Rollout, Effect]:
    """Return how an orphaned ``rollout`` goes on: forward when it may, back otherwise.

    Forward, when it has passed its gate and either traffic has begun to move and all it brings is
    alive, or there is nothing alive to go back to.
    """
    rollout = replace(rollout, fresh=started_by(rollout, seen.instances))
    arriving = {address(seen.instances[one]) for one in rollout.arriving if one in seen.instances}
    moved = bool((arriving - {""}) & set(seen.upstreams))
    complete, way_back = _all_alive(rollout.arriving, seen), _all_alive(rollout.serving, seen)
    may_finish = (moved and complete) or (not way_back and (moved or complete))
    if rollout.phase in _GATED and may_finish:
        return replace(rollout, phase=Phase.SHIFTING), shift_of(rollout)
    reason = rollout.reason or f"its controller died while {rollout.phase}"
    return revert(rollout, reason, now)


def _all_alive(ids: Collection[str], seen: Sighting) -> bool:
    return bool(ids) and all(one in seen.alive for one in ids)


def reconcile_rollouts(  # noqa: PLR0917 - where, by whom, and how the former is judged
    ledger: Ledger,
    router: Router,
    stop: Callable[[list[Instance]], None],
    owner: str,
    owner_alive: Callable[[str], bool],
    now: float,
    alive: Callable[[Instance], bool] = is_present,
) -> list[str]:
    """Bring every rollout whose controller is dead to its end; what was done, in sentences.

    A rollout whose controller lives is left alone, however long it has been silent: it might go
    on at any moment. One that another reconciler takes over meanwhile is left to that one.
    """
    said = []
    for orphan in open_rollouts(ledger):
        if owner_alive(orphan.owner):
            continue
        try:
            row = take_over_rollout(ledger, orphan.id, owner, now, _LEASE_SECONDS)
            where = (row.project, row.environment)
            handover = Cutover(ledger, router, stop, *where, _DRAIN_SECONDS)
            said.append(_bring_to_end(handover, row, now, alive))
        except StaleFenceError as error:
            said.append(f"Rollout {orphan.id} is being reconciled by another: {error}")
    return said


def _bring_to_end(
    handover: Cutover, row: RolloutRow, now: float, alive: Callable[[Instance], bool]
) -> str:
    ledger, found = handover.ledger, from_document(row.document)
    there = recorded(ledger, row.project, row.environment)
    fronts = [route.front_port for route in found.routes]
    upstreams = [upstream for port in fronts for upstream in handover.router.upstreams(port)]
    living = [one.id for one in there.values() if alive(one)]
    orphan = replace(found, untold=True)
    rollout, effect = settle(orphan, Sighting(there, living, upstreams), now)
    while not isinstance(effect, Nothing):
        _save(ledger, row, rollout, now)
        rollout, effect = advance(rollout, handover.perform(effect), now)
    _save(ledger, row, rollout, now)
    return (
        f"Rollout of {row.project}/{row.environment} to {found.version or found.to_release[:12]} "
        f"had lost its controller while {found.phase}: it is {rollout.phase} now."
    )


def _save(ledger: Ledger, row: RolloutRow, rollout: Rollout, now: float) -> None:
    document = to_document(rollout)
    save_rollout(ledger, row.id, row.fence, rollout.phase, document, now, _LEASE_SECONDS)
