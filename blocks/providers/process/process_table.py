"""Reads the process table of this machine; standard library only, as the shim imports it.

On Linux it reads /proc; elsewhere it calls `ps`, which is slower and sees less.
"""

from __future__ import annotations

import os
import sys

LINUX = sys.platform == "linux"
_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")
_GONE = (ProcessLookupError, FileNotFoundError, PermissionError)


class ProcessEntry:
    """One process; ``started`` distinguishes it from another that gets the same pid later.

    ``started`` is in seconds since boot on Linux (a clock that is set does not move it) and in
    seconds since the epoch elsewhere.
    """

    __slots__ = ("group", "parent", "pid", "resident_bytes", "started", "zombie")

    def __init__(  # noqa: PLR0917 - a dataclass would cost each shim 20 ms
        self,
        pid: int,
        parent: int,
        group: int,
        started: float,
        zombie: bool,  # noqa: FBT001 - as above
        resident_bytes: int,
    ) -> None:
        self.pid, self.parent, self.group = pid, parent, group
        self.started, self.zombie, self.resident_bytes = started, zombie, resident_bytes


def machine_id() -> str:
    """Return the id of the boot and the pid namespace, within which pids are valid."""
    if LINUX:
        boot = _text("/proc/sys/kernel/random/boot_id").strip()
        namespace = os.readlink("/proc/self/ns/pid").strip("pid:[]")
        return f"{boot}.{namespace}"
    return _ask("sysctl", "-n", "kern.bootsessionuuid").strip()


def platform_id() -> str:
    """Return the permanent id of a Mac."""
    return _ask("sysctl", "-n", "kern.uuid").strip()


def entry(pid: int) -> ProcessEntry | None:
    """Return the process of that pid; None when there is none."""
    if not LINUX:
        return next(iter(_ps("-p", str(pid))), None)
    try:
        text = _text(f"/proc/{pid}/stat")
    except _GONE:
        return None
    fields = text[text.rindex(")") + 2 :].split()
    return ProcessEntry(
        pid=pid,
        parent=int(fields[1]),
        group=int(fields[2]),
        started=int(fields[19]) / _TICKS,
        zombie=fields[0] in "ZX",
        resident_bytes=int(fields[21]) * _PAGE,
    )


def entries() -> list[ProcessEntry]:
    """Return all processes that this user can see."""
    if not LINUX:
        return _ps("-A")
    with os.scandir("/proc") as folder:
        pids = [int(item.name) for item in folder if item.name.isdigit()]
    return [process for pid in pids if (process := entry(pid))]


def marked(marker: str) -> set[int]:
    """Return the pids whose environment, as it was when they were executed, holds ``marker``."""
    if not LINUX:
        rows = _ask("ps", "-A", "-E", "-ww", "-o", "pid=,command=").splitlines()
        return {int(row.split()[0]) for row in rows if f" {marker}" in row}
    return {item.pid for item in entries() if _environment_holds(item.pid, marker)}


def descendants(root: int, table: list[ProcessEntry]) -> set[int]:
    """Return the pids below ``root``, without itself."""
    children: dict[int, list[int]] = {}
    for item in table:
        children.setdefault(item.parent, []).append(item.pid)
    pids: set[int] = set()
    frontier = [root]
    while frontier:
        below = [pid for pid in children.get(frontier.pop(), []) if pid not in pids]
        pids.update(below)
        frontier.extend(below)
    return pids


def below(root: int) -> set[int]:
    """Return the pids below ``root`` on Linux, by reading only that tree."""
    if not os.path.exists(f"/proc/{root}/task/{root}/children"):  # a kernel without these lists
        return descendants(root, entries())
    pids: set[int] = set()
    frontier = [root]
    while frontier:
        try:
            fresh = [pid for pid in _children(frontier.pop()) if pid not in pids]
        except _GONE:
            continue
        pids.update(fresh)
        frontier.extend(fresh)
    return pids


def resident_bytes(pid: int) -> int:
    """Return the resident memory of a process on Linux; 0 when it is gone."""
    try:
        return int(_text(f"/proc/{pid}/statm").split()[1]) * _PAGE
    except (*_GONE, IndexError):
        return 0


def _environment_holds(pid: int, marker: str) -> bool:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            environment = file.read()
    except OSError:  # another user's, or gone
        return False
    return marker.encode() in environment.split(b"\0")


def _children(pid: int) -> list[int]:
    """Return the children of all threads of ``pid``, as the kernel lists them."""
    pids: list[int] = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        pids.extend(map(int, _text(f"/proc/{pid}/task/{thread}/children").split()))
    return pids


def _text(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def _ps(*selection: str) -> list[ProcessEntry]:
    import time  # noqa: PLC0415 - not paid for on Linux

    rows = _ask("ps", *selection, "-o", "pid=,ppid=,pgid=,rss=,stat=,lstart=").splitlines()
    processes = []
    for row in rows:
        pid, parent, group, resident, state, *started = row.split()
        at = time.mktime(time.strptime(" ".join(started), "%a %b %d %H:%M:%S %Y"))
        kind = "Z" in state
        processes.append(
            ProcessEntry(int(pid), int(parent), int(group), at, kind, int(resident) * 1024)
        )
    return processes


def _ask(*argv: str) -> str:
    import subprocess  # noqa: PLC0415 - not paid for on Linux, where the shim must stay small

    completed = subprocess.run(
        argv, check=False, capture_output=True, text=True, env={"LC_ALL": "C", "PATH": os.defpath}
    )
    return completed.stdout
