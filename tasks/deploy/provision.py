"""The provision of a rollout: builds a release, starts it beside the live one, checks health."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from blocks.routers.interface import Router
from tasks.deploy.cutover import recorded
from tasks.deploy.effects import (
    BeforeRan,
    BuildRelease,
    Built,
    Effect,
    Gate,
    GateRefused,
    Observation,
    Passed,
    RunBefore,
    Start,
    Started,
    Survey,
    Surveyed,
)
from tasks.deploy.gate import pass_gate
from tasks.deploy.rollout import Rollout
from tasks.deploy.runner import ReleaseRunner
from tasks.deploy.survey import routes_of, survey
from tasks.deploy.target import DeployTarget, Pace
from tasks.errors import BadInputError
from tasks.ledger.connection import Ledger
from tasks.ledger.ports import port_of
from tasks.ledger.public_ports import LeasedPorts, PortOwner, lease_public_ports, undo_public_ports
from tasks.ledger.releases import find_release, releases
from tasks.presence import is_running
from tasks.public_port_range import PublicPortRange
from tasks.release import Instance, InstanceState, Release


@dataclass(frozen=True, slots=True)
class Provision:
    """Performs the effects of a rollout until its instances may take traffic."""

    ledger: Ledger
    runner: ReleaseRunner
    router: Router
    target: DeployTarget
    pace: Pace

    def perform(self, rollout: Rollout, effect: Effect) -> Observation:
        """Perform ``effect`` and return what was observed."""
        match effect:
            case BuildRelease(version):
                return self._build(version)
            case Survey():
                return self._survey(rollout)
            case RunBefore(digest):
                self.runner.prepare(self._release(digest))
                return BeforeRan()
            case Start(digest):
                return self._start(digest)
            case Gate():
                return self._gate(rollout, effect)
        raise TypeError(f"{type(effect).__name__} is not an effect of a provision")

    def drain_seconds(self, rollout: Rollout) -> float:
        """Return how long requests in flight may take once the traffic has moved."""
        services = self.runner.services(self._release(rollout.to_release)).values()
        longest = max((service.drain_seconds for service in services), default=0.0)
        return longest if self.pace.drain_seconds is None else self.pace.drain_seconds

    def _health_seconds(self, rollout: Rollout) -> float:
        services = self.runner.services(self._release(rollout.to_release)).values()
        longest = max((service.health_timeout_seconds for service in services), default=0.0)
        timeout_seconds = self.pace.health_timeout_seconds
        return longest if timeout_seconds is None else timeout_seconds

    def _build(self, version: str) -> Built:
        known_digests = {release.digest for release in releases(self.ledger, self.target.project)}
        release = self.runner.build(version)
        return Built(release.digest, release.version, fresh=release.digest not in known_digests)

    def _survey(self, rollout: Rollout) -> Surveyed:
        recorded_instances = self._instances()
        services = {instance.service for instance in recorded_instances.values()}
        public_ports = [port_of(self.ledger, self._place.owner(service)) for service in services]
        routed = [
            upstream
            for port in public_ports
            if port is not None
            for upstream in self.router.upstreams(port)
        ]
        return survey(recorded_instances, routed, is_running, rollout.to_release)

    def _start(self, digest: str) -> Started:
        release = self._release(digest)
        services = self.runner.services(release)
        pins = {name: service.port for name, service in services.items() if service.web}
        lease = self._lease(pins)
        try:
            started = self.runner.start(release, InstanceState.STARTING, fresh=True)
        except BaseException:
            undo_public_ports(self.ledger, self._span, self._place, lease)
            raise
        return Started(tuple(instance.id for instance in started))

    def _gate(self, rollout: Rollout, effect: Gate) -> Passed | GateRefused:
        recorded_instances = self._instances()
        instances = [
            recorded_instances[instance_id]
            for instance_id in effect.instances
            if instance_id in recorded_instances
        ]
        refusal = pass_gate(
            self.runner.healthy,
            instances,
            in_a_row=1 if effect.once else self.pace.in_a_row,
            timeout_seconds=self._health_seconds(rollout),
            clock=time.monotonic,
            pause=lambda: time.sleep(self.pace.pause_seconds),
        )
        if refusal is not None:
            return refusal
        leaving = [
            recorded_instances[instance_id]
            for instance_id in rollout.serving
            if instance_id in recorded_instances
        ]
        return Passed(routes_of(instances, leaving, self._public_port, self.router.upstreams))

    def _release(self, digest: str) -> Release:
        release = find_release(self.ledger, self.target.project, digest)
        if release is None:
            remedy = "Deploy its version again."
            raise BadInputError("release", digest[:12], "is no longer recorded", remedy)
        return release

    def _instances(self) -> dict[str, Instance]:
        return recorded(self.ledger, self.target.project, self.target.environment)

    @property
    def _place(self) -> PortOwner:
        return PortOwner(self.target.project, self.target.environment)

    @property
    def _span(self) -> PublicPortRange:
        target = self.target
        return PublicPortRange(target.host, target.first_port, target.first_port + target.slots - 1)

    def _lease(self, pins: Mapping[str, int | None]) -> LeasedPorts:
        """Lease public ports; one that has upstreams stays, whatever is pinned by now."""
        return lease_public_ports(
            self.ledger, self._span, self._place, pins, time.time(), move=False
        )

    def _public_port(self, service: str) -> int:
        return self._lease({service: None}).ports[service]
