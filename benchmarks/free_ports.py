"""Neighbouring free ports for stacks and servers that live for one measurement or test."""

from __future__ import annotations

import random
import socket
from contextlib import ExitStack

from tasks.errors import SlipwayError

# Below what Linux and macOS hand out by themselves, so that no outgoing connection takes one.
_LOW, _HIGH = 22_000, 32_000
_given: set[int] = set()


def free_ports(count: int) -> int:
    """Return the first of ``count`` neighbouring ports of loopback that nothing listens on.

    The search starts at random: runs that share a machine then do not ask for the same ones. Who
    asks in the same process again gets others, also where nothing listens on the first yet.

    Raises:
        SlipwayError: There is no such row between 22000 and 31999.
    """
    rows = list(range(_LOW, _HIGH - count, count))
    random.shuffle(rows)
    for first in rows:
        ports = range(first, first + count)
        if _given.isdisjoint(ports) and _are_free(ports):
            _given.update(ports)
            return first
    raise SlipwayError(f"no {count} free ports in a row between {_LOW} and {_HIGH - 1}")


def _are_free(ports: range) -> bool:
    with ExitStack() as held:
        try:
            for port in ports:
                held.enter_context(socket.socket()).bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
