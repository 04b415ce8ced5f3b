"""Processes of a stack of which no record tells, since it was torn or deleted: known by themselves.

While a supervisor lives it writes such records again; this is for where it is dead as well, or has
had no time for it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

import psutil

from stack.environment import MARK
from stack.record import (
    Record,
    is_alive,
    read_record,
    read_records,
    record_of,
    write_record,
)
from tasks.home import Home

_MODULES = {f"stack.{name}.main": name for name in ("supervisor", "server", "worker", "reconciler")}
_ROUTER = "router"


def recollect(home: Home) -> int:
    """Write a record of each leader of a session of ours that has none; return how many.

    What it was started with is not known: `make up` starts it again.
    """
    known = {record.pid for record in read_records(home.stack) if is_alive(record)}
    count = 0
    for process in psutil.process_iter():
        try:
            if process.pid in known or os.getsid(process.pid) != process.pid:
                continue
            name, mark = _part(process, home), process.environ().get(MARK, "")
            if not name or not mark:
                continue
            record = record_of(name, process.pid, mark)
        except (psutil.Error, OSError):
            continue
        taken = is_alive(read_record(home.record(name)))
        write_record(home.record(f"{name}.{process.pid}" if taken else name), record)
        count += 1
    return count


def successor_of(supervisor: Record, home: Home) -> Record | None:
    """Return the supervisor that stands on record in the place of ``supervisor``, if one lives."""
    standing = read_record(home.record(supervisor.program))
    is_other = standing is not None and standing.pid != supervisor.pid
    return standing if is_other and is_alive(standing) else None


def unrecorded(home: Home, records: Mapping[str, Record]) -> dict[str, Record]:
    """Return those of ``records``, by name, that do not stand in ``home`` as they are."""
    return {
        name: record for name, record in records.items() if read_record(home.record(name)) != record
    }


def _part(process: psutil.Process, home: Home) -> str:
    """Return which part of the stack in ``home`` a process is; empty: it is none."""
    variables = process.environ()
    if variables.get("SLIPWAY_HOME") == str(home.root):
        words = process.cmdline()
        return next((name for module, name in _MODULES.items() if module in words), "")
    # Caddy is told nothing of the home but where it may keep its state.
    return _ROUTER if variables.get("XDG_DATA_HOME") == str(home.root / _ROUTER) else ""
