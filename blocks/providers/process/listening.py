"""Finds the addresses on which a process tree listens; free of Prefect."""

from __future__ import annotations

from dataclasses import dataclass

import psutil

_EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 - read, not bound
_ENGINES = frozenset({"docker", "docker-compose", "podman", "podman-compose", "nerdctl"})


@dataclass(frozen=True, slots=True, order=True)
class Socket:
    """An address on which a process listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def listening(pid: int) -> list[Socket]:
    """Return where ``pid`` and the processes below it listen, as far as this user may see it."""
    sockets: set[Socket] = set()
    for process in _tree(pid):
        try:
            sockets.update(_sockets(process))
        except psutil.Error:
            continue
    return sorted(sockets)


def intruder(pid: int, host: str, port: int) -> str:
    """Return a message if another process than ``pid`` and those below it answers at the address.

    It is empty if one of these answers, and if that cannot be known: one of them has another user,
    or is a client of a container engine, which listens in its place.
    """
    own = _tree(pid)
    for process in own:
        try:
            if process.name() in _ENGINES or _listens(process, host, port):
                return ""
        except psutil.NoSuchProcess:
            continue
        except psutil.Error:
            return ""
    if not own:
        return ""
    return (
        f"{host}:{port} is answered, but by another process than this service: end that one, or "
        "have the service listen there itself"
    )


def _tree(pid: int) -> list[psutil.Process]:
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.Error:
        return []


def _listens(process: psutil.Process, host: str, port: int) -> bool:
    return any(
        socket.port == port and (socket.host == host or socket.host in _EVERYWHERE)
        for socket in _sockets(process)
    )


def _sockets(process: psutil.Process) -> list[Socket]:
    return [
        Socket(connection.laddr.ip, connection.laddr.port)
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    ]


def listening_instead(host: str, port: int, sockets: list[Socket]) -> str:
    """Return where a service listens instead of ``host``:``port``, with the remedy; pure."""
    if not sockets:
        return (
            f"None of its processes listens on any port: it has to listen on {host}:{port}, "
            "which its command may name as {{ host }}:{{ port }}, and finds as $HOST and $PORT. "
            "What takes no traffic says `web: false`."
        )
    addresses = " and ".join(map(str, sockets))
    if any(address.port == port for address in sockets):
        return f"It listens on {addresses}, but not on {host}: have it listen on {{{{ host }}}}."
    return (
        f"It listens on {addresses} instead: have it listen on {{{{ port }}}}, which is $PORT, too."
    )
