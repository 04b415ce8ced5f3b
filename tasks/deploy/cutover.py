"""The cutover: it moves traffic, drains, and retires or undoes; every effect may be repeated."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from blocks.removal import discard
from blocks.routers.interface import Router
from tasks.deploy.effects import (
    Drain,
    Effect,
    Observation,
    Retire,
    Retired,
    Shift,
    Shifted,
    TrafficDrained,
    Undo,
    Undone,
)
from tasks.drain import drain
from tasks.ledger.connection import Ledger
from tasks.ledger.instances import instances, set_instance_state
from tasks.ledger.public_ports import PortOwner, public_services, retire_public_ports
from tasks.ledger.releases import find_release, forget_release
from tasks.release import LIVING, Instance, InstanceState

_PAUSE_SECONDS = 0.05


def recorded(ledger: Ledger, project: str, environment: str) -> dict[str, Instance]:
    """Return the instances that are meant to be there, by id, oldest first."""
    return {instance.id: instance for instance in instances(ledger, project, environment, LIVING)}


@dataclass(frozen=True, slots=True)
class Cutover:
    """Performs the effects of a rollout once its instances are started.

    ``stop`` ends instances permanently: processes gone, ports released, recorded as stopped.
    """

    ledger: Ledger
    router: Router
    stop: Callable[[list[Instance]], None]
    project: str
    environment: str
    drain_seconds: float
    clock: Callable[[], float] = time.monotonic

    def perform(self, effect: Effect) -> Observation:
        """Perform ``effect`` and return what was observed."""
        match effect:
            case Shift():
                return self._shift(effect)
            case Drain(ids):
                ports = {
                    instance.port for instance in self._instances(ids) if instance.port is not None
                }
                return TrafficDrained(drain(ports, self.drain_seconds, self.clock, _pause))
            case Retire():
                return self._retire(effect)
            case Undo():
                return self._undo(effect)
        raise TypeError(f"{type(effect).__name__} is not an effect of a cutover")

    def _shift(self, effect: Shift) -> Shifted:
        for route in effect.routes:
            self.router.route(route.public_port, route.after)
        self._set(effect.arriving, InstanceState.RUNNING)
        self._set(effect.leaving, InstanceState.DRAINING)
        return Shifted()

    def _retire(self, effect: Retire) -> Retired:
        self._set(effect.running, InstanceState.RUNNING)
        self._set(effect.warm, InstanceState.WARM)
        self._stop(effect.stop)
        return Retired()

    def _undo(self, effect: Undo) -> Undone:
        for route in effect.routes:
            self.router.route(route.public_port, route.before)
        self._retire_idle_ports(effect.serving)
        self._set(effect.serving, InstanceState.RUNNING)
        self._set(effect.warm, InstanceState.WARM)
        self._stop(effect.stop)
        self._forget(effect.forget)
        return Undone()

    def _retire_idle_ports(self, serving: Collection[str]) -> None:
        """Retire the public ports that ``serving`` does not need: they were leased for the rollout."""
        place = PortOwner(self.project, self.environment)
        needed = {instance.service for instance in self._instances(serving)}
        idle = public_services(self.ledger, place).keys() - needed
        retire_public_ports(self.ledger, place, idle, time.time())

    def _instances(self, ids: Collection[str]) -> list[Instance]:
        by_id = recorded(self.ledger, self.project, self.environment)
        return [by_id[instance_id] for instance_id in ids if instance_id in by_id]

    def _set(self, ids: Collection[str], state: InstanceState) -> None:
        changed = [instance.id for instance in self._instances(ids) if instance.state is not state]
        set_instance_state(self.ledger, changed, state)

    def _stop(self, ids: Collection[str]) -> None:
        if doomed := self._instances(ids):
            self.stop(doomed)

    def _forget(self, digest: str) -> None:
        """Remove a release from ledger and disk, unless an instance of it runs by now."""
        release = find_release(self.ledger, self.project, digest) if digest else None
        running = instances(self.ledger, self.project, states=LIVING)
        if release is None or any(instance.release == digest for instance in running):
            return
        forget_release(self.ledger, self.project, digest)
        _remove(release.path)


def _remove(folder: Path) -> None:
    """Remove ``folder`` so that nobody ever finds a part of it."""
    doomed = folder.with_name(f".{folder.name}.removed")
    if folder.exists():
        folder.rename(doomed)
    discard(doomed)


def _pause() -> None:
    time.sleep(_PAUSE_SECONDS)
