"""The processes that faults strike, each found through the home of the campaign's own stack."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil

from blocks.providers.process import detached
from blocks.providers.process.run_directory import EXIT, STATE
from stack.record import is_alive, read_record
from stack.runs.flow_process import flow_processes
from tasks.home import Home
from tasks.ledger.connection import Ledger
from tasks.ledger.instances import instances
from tasks.release import InstanceState

MEANT = frozenset({InstanceState.RUNNING, InstanceState.WARM})
"""What may run while nobody is at work: what serves, and what is kept for a rollback."""


def part(home: Path, name: str) -> int | None:
    """Return the process of that part of the stack; None while it has none."""
    record = read_record(Home(home).record(name))
    return record.pid if record is not None and is_alive(record) else None


def flow(home: Path, run_id: str) -> int | None:
    """Return the process that executes the flow run; None if none does."""
    engines = flow_processes(home).get(run_id, [])
    return engines[0].pid if engines else None


def restic_of(home: Path, run_id: str) -> int | None:
    """Return a restic that the flow run has started; None if it has none now."""
    for engine in flow_processes(home).get(run_id, []):
        try:
            below = [
                each.pid for each in engine.children(recursive=True) if "restic" in each.name()
            ]
        except psutil.Error:
            continue
        if below:
            return below[0]
    return None


def service(home: Path, project: str) -> detached.Running | None:
    """Return the newest instance of the project that runs."""
    return _newest(home / "instances", f"{project}-*/{STATE}")


def step(home: Path) -> detached.Running | None:
    """Return the newest step that runs."""
    return _newest(home / "steps", f"**/{STATE}")


def _newest(folder: Path, pattern: str) -> detached.Running | None:
    states = [path for path in folder.glob(pattern) if not path.with_name(EXIT).exists()]
    for path in sorted(states, key=_changed_at, reverse=True):
        status = detached.status(path.parent)
        if isinstance(status, detached.Running) and status.child_pid:
            return status
    return None


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def own_processes(home: Path) -> Iterator[psutil.Process]:
    """Yield every process that belongs to the home: by its environment, folder or command."""
    text = str(home)
    for each in psutil.process_iter():
        try:
            named = any(text in argument for argument in each.cmdline())
            inside = Path(each.cwd()).is_relative_to(home)
            if named or inside or each.environ().get("SLIPWAY_HOME") == text:
                yield each
        except psutil.Error:
            continue


def meant_processes(home: Path, ledger: Ledger) -> set[int]:
    """Return the processes that may be there while nobody is at work: parts and live services."""
    roots = [part(home, path.stem) for path in Home(home).stack.glob("*.json")]
    for instance in instances(ledger, states=MEANT):
        status = detached.status(instance.directory)
        if isinstance(status, detached.Running):
            roots += [status.shim.pid, status.child_pid]
    meant: set[int] = set()
    for pid in filter(None, roots):
        try:
            root = psutil.Process(pid)
            below = {each.pid for each in root.children(recursive=True)}
        except psutil.Error:
            continue
        meant |= {pid} | below
    engines = {each.pid for runs in flow_processes(home).values() for each in runs}
    return meant - engines
