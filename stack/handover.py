"""Hands connections that ask for reads from the server's process to the one that answers them."""

from __future__ import annotations

import asyncio
import socket
from array import array
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from stack.temporary import temporary_folder


def handover_path(root: Path) -> Path:
    """Return the path of the socket by which the home ``root`` hands connections over."""
    return temporary_folder(root) / "reads.handover"


class Giver:
    """Gives connections to whoever takes them at ``path``."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.settimeout(0)

    def __call__(self, connection: socket.socket) -> bool:
        """Give one away; False if nobody takes it, or is too slow to."""
        try:
            # socket.send_fds forgets the address.
            descriptors = array("i", [connection.fileno()])
            rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)
            self._socket.sendmsg([b"\0"], [rights], 0, self._path)
        except OSError:
            return False
        return True


class Taker:
    """Takes connections at ``path``, for its owner alone, and gives each to ``protocol``."""

    def __init__(self, path: Path, protocol: Callable[[], asyncio.Protocol]) -> None:
        self._protocol = protocol
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.settimeout(0)
        path.unlink(missing_ok=True)
        self._socket.bind(str(path))
        path.chmod(0o600)
        self._beginning: set[asyncio.Task[object]] = set()

    def start(self) -> None:
        """Take connections in the running loop."""
        asyncio.get_running_loop().add_reader(self._socket, self._take)

    def _take(self) -> None:
        with suppress(BlockingIOError):
            _, descriptors, _, _ = socket.recv_fds(self._socket, 1, 1)
            for descriptor in descriptors:
                connection = socket.socket(fileno=descriptor)
                connection.settimeout(0)
                self._begin(connection)

    def _begin(self, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        begun = loop.create_task(self._connect(loop, connection))
        self._beginning.add(begun)
        begun.add_done_callback(self._beginning.discard)

    async def _connect(self, loop: asyncio.AbstractEventLoop, connection: socket.socket) -> None:
        try:
            await loop.connect_accepted_socket(self._protocol, connection)
        except OSError:  # it has gone meanwhile
            connection.close()
