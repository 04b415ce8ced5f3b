"""Where a process tree listens, as the operating system tells; free of Prefect."""

from __future__ import annotations

from dataclasses import dataclass

import psutil

_EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 - read, not bound
_ENGINES = frozenset({"docker", "docker-compose", "podman", "podman-compose", "nerdctl"})


@dataclass(frozen=True, slots=True, order=True)
class Socket:
    """An address that is listened on."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def listening(pid: int) -> list[Socket]:
    """Return where ``pid`` and the processes below it listen; what cannot be seen is left out."""
    sockets: set[Socket] = set()
    for each in _tree(pid):
        try:
            sockets.update(_sockets(each))
        except psutil.Error:
            continue
    return sorted(sockets)


def intruder(pid: int, host: str, port: int) -> str:
    """Say that it is another who answers at ``host``:``port`` than ``pid`` and the processes below.

    Empty where it is one of these, and where nobody can know: one of them cannot be looked into
    (it has another user), or is a client of a container engine, which listens in its stead.
    """
    own = _tree(pid)
    for each in own:
        try:
            if each.name() in _ENGINES or _listens(each, host, port):
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


def _listens(one: psutil.Process, host: str, port: int) -> bool:
    return any(
        socket.port == port and (socket.host == host or socket.host in _EVERYWHERE)
        for socket in _sockets(one)
    )


def _sockets(one: psutil.Process) -> list[Socket]:
    return [
        Socket(connection.laddr.ip, connection.laddr.port)
        for connection in one.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    ]


def listening_instead(host: str, port: int, there: list[Socket]) -> str:
    """Say where a service listens that does not at ``host``:``port``, and the remedy; pure."""
    if not there:
        return (
            f"None of its processes listens on any port: it has to listen on {host}:{port}, "
            "which its command may name as {{ host }}:{{ port }}, and finds as $HOST and $PORT. "
            "What takes no traffic says `web: false`."
        )
    where = " and ".join(map(str, there))
    if any(one.port == port for one in there):
        return f"It listens on {where}, but not on {host}: have it listen on {{{{ host }}}}."
    return f"It listens on {where} instead: have it listen on {{{{ port }}}}, which is $PORT, too."
