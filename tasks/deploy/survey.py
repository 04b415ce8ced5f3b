"""Surveying an environment: what serves, what is warm, where traffic would go; pure."""

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
    there: Mapping[str, Instance],
    routed: Collection[str],
    alive: Callable[[Instance], bool],
    to_release: str,
) -> Surveyed:
    """Say what serves: what is recorded so, and whatever the ``routed`` addresses lead to."""
    serving = [
        one for one in there.values() if one.state in _SERVING or address(one) in {*routed} - {""}
    ]
    ids = {one.id for one in serving}
    warm = [one for one in there.values() if one.state is InstanceState.WARM and one.id not in ids]
    adoptable = [one for one in warm if one.release == to_release]
    newest = serving[-1] if serving else None
    return Surveyed(
        release=newest.release if newest else "",
        version=newest.version if newest else "",
        serving=tuple(one.id for one in serving),
        warm=tuple(one.id for one in warm),
        adoptable=tuple(one.id for one in adoptable if all(map(alive, adoptable))),
        keep_warm=all(one.port is not None and alive(one) for one in serving),
    )


def routes_of(
    arriving: Sequence[Instance],
    leaving: Sequence[Instance],
    front_port: Callable[[str], int],
    upstreams: Callable[[int], tuple[str, ...]],
) -> tuple[Route, ...]:
    """Return the route of every service that takes traffic; one that goes leads nowhere."""
    services = sorted({one.service for one in (*arriving, *leaving) if one.port is not None})
    return tuple(_route(service, arriving, front_port(service), upstreams) for service in services)


def _route(
    service: str,
    arriving: Sequence[Instance],
    front_port: int,
    upstreams: Callable[[int], tuple[str, ...]],
) -> Route:
    after = tuple(address(one) for one in arriving if one.service == service and one.port)
    return Route(service, front_port, before=upstreams(front_port), after=after)


def former_release(there: Collection[Instance], history: Sequence[tuple[str, str]]) -> str:
    """Return the release a rollback goes to: the warm one, else what the last rollout replaced.

    ``history`` are pairs of (release replaced, release it was replaced by), the newest first.
    Empty when there is none.
    """
    serving = {one.release for one in there if one.state in _SERVING}
    warm = [one.release for one in there if one.state is InstanceState.WARM]
    replaced = [old for old, new in history if old and (new in serving or not serving)]
    return next((one for one in [*reversed(warm), *replaced] if one not in serving), "")
