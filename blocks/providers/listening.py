"""Where a process tree listens, as the operating system tells; free of Prefect."""

from __future__ import annotations

from dataclasses import dataclass

import psutil


@dataclass(frozen=True, slots=True, order=True)
class Socket:
    """An address that is listened on."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def listening(pid: int) -> list[Socket]:
    """Return where ``pid`` and the processes below it listen; what cannot be seen is left out."""
    try:
        root = psutil.Process(pid)
        tree = [root, *root.children(recursive=True)]
    except psutil.Error:
        return []
    found: set[Socket] = set()
    for each in tree:
        try:
            connections = each.net_connections("tcp")
        except psutil.Error:
            continue
        found |= {
            Socket(one.laddr.ip, one.laddr.port)
            for one in connections
            if one.status == psutil.CONN_LISTEN
        }
    return sorted(found)


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
