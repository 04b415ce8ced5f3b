"""Faults of the stack itself, in its parts, databases and disk, and checks of its recovery."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path

from benchmarks.chaos import victims
from benchmarks.chaos.faults import filled, locked, strike
from benchmarks.chaos.field import Field
from benchmarks.chaos.schedule import Fault, How
from tasks.errors import SlipwayError

_STEPS = {How.AHEAD: 3600, How.BACK: -3600}
_BEATS = {"reconciler": "heartbeat", "supervisor": "supervisor-heartbeat"}


def strike_stack(field: Field, fault: Fault) -> Callable[[], None] | None:
    """Strike once; return a function that waits for the recovery, None without a victim."""
    field.record.say(f"{fault.kind}{f' for {fault.hold_seconds} s' * bool(fault.hold_seconds)}")
    if fault.how in {How.LOCK, How.FILL, *_STEPS}:
        with field.turmoil.struck(), _spoilt(field, fault):
            time.sleep(fault.hold_seconds)
        undone = time.monotonic()
        return lambda: _watched(field, fault, undone)
    pid = victims.part(field.home, fault.victim)
    since = time.time()
    with field.turmoil.struck():
        if pid is None or not strike(fault, pid):
            return None
    undone = time.monotonic()
    # One that was stopped for too long is killed by its supervisor.
    killed = fault.how is How.KILL or victims.part(field.home, fault.victim) != pid
    if fault.victim == "router" and killed:
        return lambda: field.away_until_it_serves(fault.kind, since, undone)
    return lambda: _watched(field, fault, undone)


def _spoilt(field: Field, fault: Fault) -> AbstractContextManager[None]:
    """Return the block in which a database is locked or the disk full; set the clock before it."""
    if fault.how in _STEPS:
        field.clock.step(_STEPS[fault.how])
        return nullcontext()
    if fault.how is How.FILL:
        return filled(field.home)
    name = "ledger.db" if fault.victim == "ledger" else "prefect/prefect.db"
    return locked(field.home / name)


def _watched(field: Field, fault: Fault, undone: float) -> None:
    """Wait until the part works again; after a fault of disk, clock or database, until all do."""
    names = [fault.victim] if fault.how in {How.KILL, How.STOP} else list(_WELL)
    checks = [_WELL[name](field) for name in names]
    if not field.watch(fault.kind, undone, lambda: all(is_well() for is_well in checks)):
        field.record.note(field.record.left, f"{fault.kind}: it never came back")


def _server_answers(field: Field) -> Callable[[], bool]:
    return field.stack.api.healthy


def _router_listens(field: Field) -> Callable[[], bool]:
    settings = field.stack.settings

    def is_well() -> bool:
        """Connect once."""
        with socket.socket() as asking:
            return asking.connect_ex((settings.host, settings.router_port)) == 0

    return is_well


def _beats(name: str, field: Field) -> Callable[[], bool]:
    heartbeat = field.home / "stack" / _BEATS[name]
    before = _touched(heartbeat)

    def is_well() -> bool:
        """Look for one heartbeat since the fault was undone."""
        alive = victims.part(field.home, name) is not None
        return alive and _touched(heartbeat) not in {0, before}

    return is_well


def _touched(heartbeat: Path) -> int:
    try:
        return heartbeat.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _worker_begins(field: Field) -> Callable[[], bool]:
    """Return whether a run is taken, which an existing worker alone does not prove."""
    run_ids: list[str] = []

    def is_well() -> bool:
        """Ask for one run, and look whether it has been taken."""
        if victims.part(field.home, "worker") is None:
            return False
        try:
            if not run_ids:
                run_ids.append(field.stack.api.trigger("status/status", {"project": "shop"}))
        except SlipwayError:
            return False
        run = field.state(run_ids[0])
        return run is not None and run.state_type != "SCHEDULED"

    return is_well


_WELL: dict[str, Callable[[Field], Callable[[], bool]]] = {
    "server": _server_answers,
    "router": _router_listens,
    "supervisor": partial(_beats, "supervisor"),
    "reconciler": partial(_beats, "reconciler"),
    "worker": _worker_begins,
}
