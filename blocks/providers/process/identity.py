"""Unique identities of processes, since the system reuses a pid."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from blocks.boot_clock import since_boot
from blocks.providers.process.process_table import LINUX, entry, machine_id, platform_id


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """One process of one boot of one machine.

    ``create_time`` is as `process_table` gives it: seconds since boot on Linux, since the epoch
    elsewhere. ``boot_id`` names the boot and, on Linux, the pid namespace.
    """

    host: str
    pid: int
    create_time: float
    boot_id: str

    def encode(self) -> str:
        """Return it as one word, for a database or a file."""
        return f"{self.host}:{self.pid}:{self.create_time!r}:{self.boot_id}"

    @classmethod
    def decode(cls, encoded: str) -> ProcessIdentity:
        """Return the identity that was encoded; ValueError when it is none."""
        host, pid, create_time, boot_id = encoded.rsplit(":", 3)
        return cls(host, int(pid), float(create_time), boot_id)


def own_identity() -> ProcessIdentity:
    """Return the identity of this process."""
    me = entry(os.getpid())
    if me is None:
        raise ProcessLookupError(os.getpid())
    return identity_here(me.pid, me.started)


def identity_here(pid: int, create_time: float) -> ProcessIdentity:
    """Return the identity of a process of this machine."""
    return ProcessIdentity(socket.gethostname(), pid, create_time, this_boot())


def is_alive(identity: ProcessIdentity) -> bool:
    """Tell whether that very process runs here; a zombie does not."""
    if identity.boot_id != this_boot():
        return False
    process = entry(identity.pid)
    return process is not None and not process.zombie and process.started == identity.create_time


def age_seconds(identity: ProcessIdentity) -> float:
    """Return the age of a process of this boot; on Linux by a clock that nobody can set."""
    return (since_boot() if LINUX else time.time()) - identity.create_time


def owner_alive(encoded: str) -> bool:
    """Tell whether an owner may be alive; True for one on another host, as that cannot be known."""
    identity = ProcessIdentity.decode(encoded)
    elsewhere = identity.boot_id != this_boot() and identity.host != socket.gethostname()
    return elsewhere or is_alive(identity)


def known_alive(encoded: str) -> bool:
    """Tell whether an owner is certainly alive: a process of this machine that runs.

    It is False for one on another host, which cannot be known, and for an invalid identity.
    """
    try:
        return is_alive(ProcessIdentity.decode(encoded))
    except ValueError:
        return False


def known_dead(encoded: str) -> bool:
    """Tell whether an owner is certainly dead: a process of this machine that does not run any more.

    It is False for one on another host, which cannot be known, and for an invalid identity.
    """
    try:
        return not owner_alive(encoded)
    except ValueError:
        return False


def host_name() -> str:
    """Return the current host name of this machine."""
    return socket.gethostname()


@cache
def this_machine() -> str:
    """Return the permanent id of this machine, or its host name if it has none."""
    if not LINUX:
        return platform_id() or host_name()
    for place in (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id")):
        try:
            if machine := place.read_text(encoding="utf-8").strip():
                return machine
        except OSError:  # e.g. in a container
            continue
    return host_name()


@cache
def this_boot() -> str:
    """Return the name of this boot and pid namespace, read once."""
    return machine_id()
