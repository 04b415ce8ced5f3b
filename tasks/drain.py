"""Drains instances: waits until no connection is open on their ports.

The router opens one connection for each request, so an open connection is a request in flight;
those that wait to be accepted count as well.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

import psutil

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_STANDING = {"01", "03"}  # ESTABLISHED and SYN_RECV, as the Linux kernel prints them
# A request may have read its slot just before the switch, and not have connected yet.
_QUIET_LOOKS = 3


def in_flight(ports: Collection[int]) -> int | None:
    """Return how many connections are open on ``ports``; None if the system does not tell."""
    if _TABLES[0].exists():
        return sum(_established(table.read_text(), ports) for table in _TABLES if table.exists())
    try:
        connections = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        return None
    return sum(
        1
        for connection in connections
        if connection.status == psutil.CONN_ESTABLISHED
        and connection.laddr
        and connection.laddr.port in ports
    )


def _established(table: str, ports: Collection[int]) -> int:
    """Count the connections in the kernel's table: ``sl local remote state ...``, ports in hex."""
    rows = (line.split(maxsplit=4) for line in table.splitlines()[1:])
    return sum(
        1 for row in rows if row[3] in _STANDING and int(row[1].rpartition(":")[2], 16) in ports
    )


def drain(
    ports: Collection[int],
    drain_seconds: float,
    clock: Callable[[], float],
    pause: Callable[[], None],
    look: Callable[[Collection[int]], int | None] = in_flight,
) -> bool:
    """Wait until nothing is in flight on ``ports``, at most ``drain_seconds``.

    Returns:
        Whether it was seen to be quiet; if the system does not tell, it waits the whole time.
    """
    deadline, quiet = clock() + drain_seconds, 0
    while ports:
        quiet = quiet + 1 if look(ports) == 0 else 0
        if quiet >= _QUIET_LOOKS:
            return True
        if clock() >= deadline:
            return False
        pause()
    return True
