"""The Unix socket of the process that answers reads: its path, its listener, and who asks there.

Nothing but the owner of the home reaches it, so that no second port needs a password.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
from contextlib import closing
from http import HTTPStatus
from pathlib import Path
from typing import Any

from stack.temporary import temporary_folder
from tasks.errors import SlipwayError

BASE = "/api/slipway"
"""Where all reads are, on the socket as on the server."""
_BACKLOG = 128


class NoAnswerError(SlipwayError):
    """The process that answers reads is away, slow, or has refused the request."""


def socket_path(root: Path) -> Path:
    """Return the path of the socket of the home ``root``; short, as the system demands."""
    return temporary_folder(root) / "reads.sock"


def listen(path: Path) -> socket.socket:
    """Return a socket that listens at ``path``, for its owner alone; it replaces a former one."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    listener.bind(str(beside))
    beside.chmod(0o600)
    listener.listen(_BACKLOG)
    beside.rename(path)
    return listener


def ask(root: Path, path: str, timeout_seconds: float) -> Any:
    """Return the answer of the home's process to a GET of ``path``, below ``BASE``.

    Raises:
        NoAnswerError: It did not answer in time, or with an error.
    """
    try:
        with closing(_Connection(socket_path(root), timeout_seconds)) as connection:
            connection.request("GET", f"{BASE}{path}")
            answer = connection.getresponse()
            document = json.loads(answer.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NoAnswerError(f"reads are not answered: {error}") from error
    if answer.status != HTTPStatus.OK:
        raise NoAnswerError(f"reads are refused (HTTP {answer.status}): {document}")
    return document


class _Connection(http.client.HTTPConnection):
    """A connection to a Unix socket."""

    def __init__(self, path: Path, timeout_seconds: float) -> None:
        super().__init__("slipway", timeout=timeout_seconds)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))
