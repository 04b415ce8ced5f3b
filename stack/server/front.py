"""Accepts the server's connections in a thread, and gives those that ask for reads away.

The event loop of Prefect's server stands still for a tenth of a second and more where a workload
runs. So a connection that begins with a read is handed to the resident process before the loop sees
it; every other one goes to the loop as it is. Nothing is copied, and nothing is answered here.

A read on a connection that began with something else is forwarded by the loop (see ``reads``).
"""

from __future__ import annotations

import errno
import re
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

Address = Any
_READ = re.compile(rb"(?:GET|HEAD) /api/slipway[/? ]")
_HEAD_BYTES = 32
_BACKLOG = 2048
_PAUSE_SECONDS = 0.1
SILENT_SECONDS = 10.0
"""How long a connection may send nothing."""
MOST_SILENT = 500
"""How many connections may send nothing yet; of more, those that came first are closed."""


def listeners(host: str, port: int) -> list[socket.socket]:
    """Return a listening socket for each address of ``host``.

    Raises:
        OSError: One of them cannot be bound.
    """
    resolved = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    addresses = {(family, address) for family, _, _, _, address in resolved}
    listening = []
    for family, address in sorted(addresses):
        try:
            listening.append(socket.create_server(address[:2], family=family, backlog=_BACKLOG))
        except OSError as error:
            if error.errno != errno.EADDRNOTAVAIL or len(addresses) == 1:
                raise  # else e.g. `localhost` has an IPv6 address where there is no IPv6
    return listening


class Accepted(socket.socket):
    """Stands in for the listening socket of an event loop, which accepts what is put here."""

    def __init__(self) -> None:
        woken, self._waking = socket.socketpair()
        super().__init__(woken.family, woken.type, woken.proto, woken.detach())
        self.settimeout(0)
        self._waking.settimeout(0)
        self._connections: deque[tuple[socket.socket, Address]] = deque()

    def put(self, connection: socket.socket, address: Address) -> None:
        """Have the loop accept ``connection``."""
        self._connections.append((connection, address))
        # It may not have read the last ones, and wakes anyway; or it has just been closed.
        with suppress(OSError):
            self._waking.send(b"\0")

    def listen(self, backlog: int = 0, /) -> None:
        """Do nothing, as the front listens."""

    def accept(self) -> tuple[socket.socket, Address]:
        """Return the next connection.

        Raises:
            BlockingIOError: There is none.
        """
        with suppress(IndexError):
            return self._connections.popleft()
        self.recv(_BACKLOG)
        try:
            return self._connections.popleft()
        except IndexError:
            raise BlockingIOError from None

    def close(self) -> None:
        """Close it, which the front notices."""
        super().close()
        self._waking.close()


class Front:
    """Tells connections apart by their first bytes.

    Args:
        listening: Where connections come in.
        accepted: Takes those for the loop.
        give: Gives one that begins with a read away; False if nobody takes it.
        silent_seconds: How long a connection may send nothing.
        most_silent: How many may send nothing yet; of more, those that came first are closed.
    """

    def __init__(
        self,
        listening: Sequence[socket.socket],
        accepted: Accepted,
        give: Callable[[socket.socket], bool],
        silent_seconds: float = SILENT_SECONDS,
        most_silent: int = MOST_SILENT,
    ) -> None:
        self._listening, self._accepted, self._give = listening, accepted, give
        self._silent_seconds, self._most_silent = silent_seconds, most_silent
        self._silent: dict[socket.socket, float] = {}
        """When each that has sent nothing came, in this order."""

    def start(self) -> None:
        """Accept connections in a thread, until the loop's socket is closed."""
        threading.Thread(target=self._run, name="front", daemon=True).start()

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            for listener in self._listening:
                listener.settimeout(0)
                selector.register(listener, selectors.EVENT_READ)
            while self._accepted.fileno() >= 0:
                for key, _ in selector.select(timeout=min(1.0, self._silent_seconds)):
                    connection = key.fileobj
                    if not isinstance(connection, socket.socket):
                        continue
                    if key.data is None:
                        self._accept(connection, selector)
                    else:
                        self._forget(connection, selector)
                        self._pass_on(connection, key.data)
                self._close_silent(selector, time.monotonic())
        for listener in self._listening:
            listener.close()

    def _accept(self, listener: socket.socket, selector: selectors.BaseSelector) -> None:
        try:
            connection, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError:  # no descriptor is left
            time.sleep(_PAUSE_SECONDS)
            return
        connection.settimeout(0)
        selector.register(connection, selectors.EVENT_READ, (address,))
        self._silent[connection] = time.monotonic()

    def _forget(self, connection: socket.socket, selector: selectors.BaseSelector) -> None:
        selector.unregister(connection)
        del self._silent[connection]

    def _close_silent(self, selector: selectors.BaseSelector, now: float) -> None:
        while self._silent:
            connection, came_at = next(iter(self._silent.items()))
            too_many = len(self._silent) > self._most_silent
            if not too_many and now - came_at < self._silent_seconds:
                return
            self._forget(connection, selector)
            connection.close()

    def _pass_on(self, connection: socket.socket, data: tuple[Address]) -> None:
        try:
            head = connection.recv(_HEAD_BYTES, socket.MSG_PEEK)
        except OSError:
            head = b""
        if not head or (_READ.match(head) and self._give(connection)):
            connection.close()  # it has gone, or is open in the other process
            return
        self._accepted.put(connection, data[0])
