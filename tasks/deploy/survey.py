"""The survey of an environment: what serves, what is warm, and where traffic would go; pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from blocks.routers.caddyfile import listen_address
from tasks.deploy.effects import Route, Surveyed
from tasks.release import Instance, InstanceState

_SERVING = frozenset({InstanceState.RUNNING, InstanceState.DRAINING})


def address(instance: Instance) -> str:
    """Return ``host:port`` of an instance; empty for one that takes no traffic."""
    return listen_address(instance.host, instance.port) if instance.port is not None else ""


def survey(
    instances: Mapping[str, Instance],
    routed: Collection[str],
    alive: Callable[[Instance], bool],
    to_release: str,
) -> Surveyed:
    """Return what serves: what is recorded so, and whatever the ``routed`` addresses lead to."""
    serving = [
        instance
        for instance in instances.values()
        if instance.state in _SERVING or address(instance) in {*routed} - {""}
    ]
    ids = {instance.id for instance in serving}
    warm = [
        instance
        for instance in instances.values()
        if instance.state is InstanceState.WARM and instance.id not in ids
    ]
    adoptable = [instance for instance in warm if instance.release == to_release]
    newest = serving[-1] if serving else None
    return Surveyed(
        release=newest.release if newest else "",
        version=newest.version if newest else "",
        serving=tuple(instance.id for instance in serving),
        warm=tuple(instance.id for instance in warm),
        adoptable=tuple(instance.id for instance in adoptable if all(map(alive, adoptable))),
        keep_warm=all(instance.port is not None and alive(instance) for instance in serving),
    )


def routes_of(
    arriving: Sequence[Instance],
    leaving: Sequence[Instance],
    public_port: Callable[[str], int],
    upstreams: Callable[[int], tuple[str, ...]],
) -> tuple[Route, ...]:
    """Return the route of every service that takes traffic; a removed service has no upstreams."""
    services = sorted(
        {instance.service for instance in (*arriving, *leaving) if instance.port is not None}
    )
    return tuple(_route(service, arriving, public_port(service), upstreams) for service in services)


def _route(
    service: str,
    arriving: Sequence[Instance],
    public_port: int,
    upstreams: Callable[[int], tuple[str, ...]],
) -> Route:
    after = tuple(
        address(instance) for instance in arriving if instance.service == service and instance.port
    )
    return Route(service, public_port, before=upstreams(public_port), after=after)


def former_release(instances: Collection[Instance], history: Sequence[tuple[str, str]]) -> str:
    """Return the release a rollback goes to: the warm one, else what the last rollout replaced.

    ``history`` are pairs of (release replaced, release it was replaced by), the newest first.
    The result is empty when there is none.
    """
    serving = {instance.release for instance in instances if instance.state in _SERVING}
    warm = [instance.release for instance in instances if instance.state is InstanceState.WARM]
    replaced = [old for old, new in history if old and (new in serving or not serving)]
    return next((release for release in [*reversed(warm), *replaced] if release not in serving), "")
