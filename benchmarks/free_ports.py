"""Neighbouring free ports for stacks and servers that live for one measurement or test."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tasks.errors import SlipwayError

# Below what Linux and macOS hand out by themselves, so that no outgoing connection takes one.
_LOW, _HIGH = 12_000, 32_000
_BLOCK = 10
_claims: list[socket.socket] = []


def free_ports(count: int) -> int:
    """Return the first of ``count`` neighbouring ports of loopback that nothing listens on.

    They are this process's own until it ends, or `ports_on_loan` does, also where nothing listens
    on them yet: other processes, and who asks here again, get others.

    Raises:
        SlipwayError: There is no such row between 12000 and 31999.
    """
    rows = list(range(_LOW, _HIGH - count, -(-count // _BLOCK) * _BLOCK))
    random.shuffle(rows)
    for first in rows:
        if _claim(range(first, first + count)):
            return first
    raise SlipwayError(f"no {count} free ports in a row between {_LOW} and {_HIGH - 1}")


@contextmanager
def ports_on_loan() -> Iterator[None]:
    """Release, at its end, all ports that this process has claimed within the block."""
    before = len(_claims)
    try:
        yield
    finally:
        for claim in _claims[before:]:
            claim.close()
        del _claims[before:]


def _claim(ports: range) -> bool:
    """Claim ``ports`` where nobody has and nothing listens.

    A claim is a UDP socket on the first port of each block: it is in nobody's way, no second
    process can have it, and it goes with ours.
    """
    with ExitStack() as held:
        try:
            claims = [
                held.enter_context(_bound(socket.SOCK_DGRAM, port)) for port in ports[::_BLOCK]
            ]
            for port in ports:
                held.enter_context(_bound(socket.SOCK_STREAM, port))
        except OSError:
            return False
        _claims.extend(claim.dup() for claim in claims)
        return True


def _bound(kind: socket.SocketKind, port: int) -> socket.socket:
    bound = socket.socket(type=kind)
    try:
        bound.bind(("127.0.0.1", port))
    except OSError:
        bound.close()
        raise
    return bound
