"""Reconciling: a rollout whose controller died is finished or reverted by what is observed.

The record tells only what was attempted; the router tells whether traffic has moved, and the
processes which instances are alive. Afterwards exactly one release is live.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from blocks.routers.interface import Router
from tasks.deploy.cutover import Cutover, recorded
from tasks.deploy.document import from_document, to_document
from tasks.deploy.effects import Effect, Nothing
from tasks.deploy.rollout import Phase, Rollout
from tasks.deploy.state_machine import advance, revert, shift_of
from tasks.deploy.survey import address
from tasks.errors import StaleFenceError
from tasks.ledger.connection import Ledger
from tasks.ledger.rollouts import RolloutRow, open_rollouts, save_rollout, take_over_rollout
from tasks.presence import is_present
from tasks.release import Instance, InstanceState

# The resident reconciler has other rollouts to look after as well.
_DRAIN_SECONDS = 2.0
_LEASE_SECONDS = 15.0
_GATED = frozenset({Phase.SHIFTING, Phase.DRAINING})


@dataclass(frozen=True, slots=True)
class ObservedState:
    """What is observed: the recorded instances, those alive, and where the traffic goes."""

    instances: Mapping[str, Instance]
    alive: Collection[str]
    upstreams: Collection[str]


def started_by(rollout: Rollout, instances: Mapping[str, Instance]) -> tuple[str, ...]:
    """Return the instances that ``rollout`` started, also those it had no time to record."""
    known_ids = {*rollout.serving, *rollout.warm, *rollout.fresh}
    unsaved = tuple(
        instance.id
        for instance in instances.values()
        if rollout.phase not in {Phase.PREPARING, Phase.BUILT, Phase.BEFORE}
        and instance.id not in known_ids
        and instance.release == rollout.to_release
        and instance.state is InstanceState.STARTING
        and instance.started_at >= rollout.started_at
    )
    return (*rollout.fresh, *unsaved)


def resolve_orphan(rollout: Rollout, sighting: ObservedState, now: float) -> tuple[Rollout, Effect]:
    """Return how an orphaned ``rollout`` goes on: forward when it may, back otherwise.

    It goes forward when it has passed its gate and either traffic has begun to move and all its
    instances are alive, or nothing is alive to go back to.
    """
    rollout = replace(rollout, fresh=started_by(rollout, sighting.instances))
    arriving = {
        address(sighting.instances[instance_id])
        for instance_id in rollout.arriving
        if instance_id in sighting.instances
    }
    moved = bool((arriving - {""}) & set(sighting.upstreams))
    complete = _all_alive(rollout.arriving, sighting)
    way_back = _all_alive(rollout.serving, sighting)
    may_finish = (moved and complete) or (not way_back and (moved or complete))
    if rollout.phase in _GATED and may_finish:
        return replace(rollout, phase=Phase.SHIFTING), shift_of(rollout)
    reason = rollout.reason or f"its controller died while {rollout.phase}"
    return revert(rollout, reason, now)


def _all_alive(ids: Collection[str], sighting: ObservedState) -> bool:
    return bool(ids) and all(instance_id in sighting.alive for instance_id in ids)


def reconcile_rollouts(  # noqa: PLR0917 - where, by whom, and how the former is judged
    ledger: Ledger,
    router: Router,
    stop: Callable[[list[Instance]], None],
    owner: str,
    owner_alive: Callable[[str], bool],
    now: float,
    alive: Callable[[Instance], bool] = is_present,
    on_end: Callable[[Rollout], None] = lambda _rollout: None,
) -> list[str]:
    """Bring every rollout whose controller is dead to its end; return a sentence for each.

    A rollout whose controller lives is left alone, however long it has been silent: it might go
    on at any moment. A rollout that another reconciler takes over meanwhile is left to that one.
    ``on_end`` is called with each that was brought to its end, once that is recorded.
    """
    sentences = []
    for orphan in open_rollouts(ledger):
        if owner_alive(orphan.owner):
            continue
        try:
            row = take_over_rollout(ledger, orphan.id, owner, now, _LEASE_SECONDS)
            where = (row.project, row.environment)
            cutover = Cutover(ledger, router, stop, *where, _DRAIN_SECONDS)
            ended = _bring_to_end(cutover, row, now, alive)
            sentences.append(_sentence(from_document(row.document), ended))
            on_end(ended)
        except StaleFenceError as error:
            sentences.append(f"Rollout {orphan.id} is being reconciled by another: {error}")
    return sentences


def _bring_to_end(
    cutover: Cutover, row: RolloutRow, now: float, alive: Callable[[Instance], bool]
) -> Rollout:
    ledger, saved = cutover.ledger, from_document(row.document)
    instances = recorded(ledger, row.project, row.environment)
    public_ports = [route.public_port for route in saved.routes]
    upstreams = [upstream for port in public_ports for upstream in cutover.router.upstreams(port)]
    living = [instance.id for instance in instances.values() if alive(instance)]
    orphan = replace(saved, untold=True)
    rollout, effect = resolve_orphan(orphan, ObservedState(instances, living, upstreams), now)
    while not isinstance(effect, Nothing):
        _save(ledger, row, rollout, now)
        rollout, effect = advance(rollout, cutover.perform(effect), now)
    _save(ledger, row, rollout, now)
    return rollout


def _sentence(saved: Rollout, ended: Rollout) -> str:
    return (
        f"Rollout of {saved.project}/{saved.environment} to {saved.version or saved.to_release[:12]} "
        f"had lost its controller while {saved.phase}: it is {ended.phase} now."
    )


def _save(ledger: Ledger, row: RolloutRow, rollout: Rollout, now: float) -> None:
    document = to_document(rollout)
    save_rollout(ledger, row.id, row.fence, rollout.phase, document, now, _LEASE_SECONDS)
