"""Finds services that listen on all interfaces, past the router, though they are given one address.

If the operating system does not tell where a service listens, nothing is reported.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Sequence

from blocks.providers.process import detached
from blocks.providers.process.listening import Socket
from tasks.presence import sockets
from tasks.release import Instance


def exposures(instances: Sequence[Instance]) -> list[str]:
    """Check where each of ``instances`` listens; return a sentence for each exposed service."""
    exposed: dict[tuple[str, str], set[Socket]] = {}
    for instance in instances:
        status = detached.status(instance.directory)
        if isinstance(status, detached.Running):
            service = f"{instance.project}/{instance.environment}/{instance.service}"
            beyond = past_router(instance.host, sockets(status))
            exposed.setdefault((service, instance.host), set()).update(beyond)
    return [
        exposure_sentence(service, host, listened)
        for (service, host), listened in sorted(exposed.items())
        if listened
    ]


def past_router(host: str, listened: Sequence[Socket]) -> list[Socket]:
    """Return those of ``listened`` that are on all interfaces, unless ``host`` is all of them."""
    if _is_everywhere(host):
        return []
    return [socket for socket in listened if _is_everywhere(socket.host)]


def exposure_sentence(service: str, host: str, exposed: Collection[Socket]) -> str:
    """Return a message on where ``service`` can be reached past the router, with the remedy."""
    addresses = " and ".join(map(str, sorted(exposed)))
    return (
        f"{service} listens on {addresses}, which is every interface of this machine, though "
        f"SLIPWAY_HOST is {host}: it is reached past the router; have its command bind $HOST, in "
        "slipway.yaml {{ host }}, e.g. gunicorn -b {{ host }}:{{ port }}."
    )


def _is_everywhere(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:  # a name, e.g. localhost
        return False
