"""Desired replicas compared with the instances that exist; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from blocks.project_spec import ServiceSpec
from tasks.release import Instance


@dataclass(frozen=True, slots=True, order=True)
class Replica:
    """One desired process of a service."""

    service: str
    number: int


def replicas(services: Mapping[str, ServiceSpec]) -> list[Replica]:
    """Return every replica of every service, numbered from 0."""
    return [
        Replica(name, number) for name, spec in services.items() for number in range(spec.replicas)
    ]


def missing(
    desired: Sequence[Replica], digest: str, existing: Sequence[Instance]
) -> tuple[list[Instance], list[Replica]]:
    """Return the ``existing`` instances that are replicas of that release, and missing replicas.

    Of several instances of one replica, the one that was started first is taken.
    """
    matching: dict[Replica, Instance] = {}
    for instance in sorted(existing, key=lambda instance: (instance.started_at, instance.id)):
        if instance.release == digest:
            matching.setdefault(Replica(instance.service, instance.replica), instance)
    serving = [matching[replica] for replica in desired if replica in matching]
    return serving, [replica for replica in desired if replica not in matching]


def superfluous(needed: Sequence[Instance], existing: Sequence[Instance]) -> list[Instance]:
    """Return those of ``existing`` that are not among ``needed``."""
    ids = {instance.id for instance in needed}
    return [instance for instance in existing if instance.id not in ids]


def upstreams(instances: Sequence[Instance]) -> dict[str, tuple[str, ...]]:
    """Return the upstreams of each service on the web, as ``host:port``."""
    addresses: dict[str, tuple[str, ...]] = {}
    for instance in sorted(instances, key=lambda instance: instance.replica):
        if instance.port is not None:
            upstream = f"{instance.host}:{instance.port}"
            addresses[instance.service] = (*addresses.get(instance.service, ()), upstream)
    return addresses
