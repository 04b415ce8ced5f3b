"""Checks that the ports of the stack are free before anything is started."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import psutil

from tasks.errors import BadInputError


@dataclass(frozen=True, slots=True)
class WantedPort:
    """A port the stack is about to bind, and the setting that moves it."""

    port: int
    setting: str
    purpose: str


def is_taken(host: str, port: int) -> bool:
    """Tell whether something listens on ``port`` or keeps it from being bound."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as caller:
        caller.settimeout(1)
        if caller.connect_ex((host, port)) == 0:
            return True
    with socket.socket(family, socket.SOCK_STREAM) as binder:
        binder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            binder.bind((host, port))
        except OSError:
            return True
    return False


def process_on_port(port: int, own: Mapping[int, str] | None = None) -> str:
    """Return the process that listens on ``port``, or ``""`` if this user may not see it.

    ``own`` are the names of this stack's parts, by pid.
    """
    try:
        listening = [
            connection.pid
            for connection in psutil.net_connections(kind="tcp")
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,)
        ]
    except psutil.Error:  # macOS tells only root
        return ""
    for pid in filter(None, listening):
        if own and pid in own:
            return f"the {own[pid]} of this stack"
        try:
            return f"process {pid} ({psutil.Process(pid).name()})"
        except psutil.Error:
            return f"process {pid}"
    return ""


def require_free(
    host: str, wanted: Iterable[WantedPort], own: Mapping[int, str] | None = None
) -> None:
    """Raise for the first port of ``wanted`` that is taken.

    ``own`` are the names of the parts of this stack that go on, by pid.

    Raises:
        BadInputError: It names the port, its holder if known, and the setting that moves it.
    """
    for want in wanted:
        if is_taken(host, want.port):
            by = process_on_port(want.port, own) or "another process"
            stop = "Choose" if by.startswith("the ") else "Stop it, or choose"
            raise BadInputError(
                want.setting,
                want.port,
                f"the port of the {want.purpose} is held by {by}",
                f"{stop} another port: {want.setting}=<port> make up",
            )
