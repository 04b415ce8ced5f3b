"""Reads the status of a run from its records and its processes."""

from __future__ import annotations

from pathlib import Path

from blocks.providers.interface import End, Outcome
from blocks.providers.process import run_directory as files
from blocks.providers.process.identity import identity_here, is_alive, this_boot
from blocks.providers.process.shim_spec import Ended, NotStarted, Running, Status

_KILLED = "its shim was killed, and nothing recorded how it ended"


def log_path(directory: Path) -> Path:
    """Return the newest log of the run in ``directory``."""
    return directory / files.LOG


def status(directory: Path) -> Status:
    """Return the status of the run in ``directory``, by its processes and not by records alone.

    A record that cannot be read makes this run count as lost, and no other.
    """
    try:
        return _status(directory)
    except files.UnreadableRecordError as error:
        return Ended(_lost(directory, None, f"{error}: the run counts as lost"))


def is_running(directory: Path) -> bool:
    """Tell whether the run in ``directory`` has a live process, its shim or what it started."""
    return isinstance(status(directory), Running)


def restart_policy(directory: Path) -> str:
    """Return the restart policy with which the run in ``directory`` was started.

    It is ``always`` if nothing was ever started.
    """
    return str(files.readable_record(directory, files.SPEC).get("restart", "always"))


def is_of_this_boot(directory: Path) -> bool:
    """Tell whether the run was started since the machine was."""
    spec = files.readable_record(directory, files.SPEC)
    return bool(spec.get("boot_id") == this_boot())


def child_alive(directory: Path, state: files.Record) -> int | None:
    """Return the process id of what the shim started; None if it does not live."""
    child = state["child"]
    if child is None or not is_of_this_boot(directory):
        return None
    pid: int = child["pid"]
    return pid if is_alive(identity_here(pid, child["started"])) else None


def _status(directory: Path) -> Status:
    state = files.read_record(directory, files.STATE)
    if state is None:
        return NotStarted()
    shim = identity_here(state["shim"]["pid"], state["shim"]["started"])
    supervised = is_of_this_boot(directory) and is_alive(shim)
    # Read after the check of the shim, which may have written this just before it ended.
    exit_record = files.read_record(directory, files.EXIT)
    if exit_record is not None:
        return Ended(outcome_of(directory, exit_record))
    child = child_alive(directory, state)
    if not supervised and child is None:
        return Ended(_lost(directory, state["started_at"], _KILLED))
    return Running(
        shim,
        child,
        state["restarts"],
        state["started_at"],
        supervised,
        state.get("quick_ends", 0),
        state.get("began_at", 0.0),
        state.get("last_end", ""),
        state.get("left_behind", 0),
    )


def outcome_of(directory: Path, record: files.Record) -> Outcome:
    """Return what the exit record of the run in ``directory`` says."""
    names = Outcome.model_fields.keys() & record.keys()
    return Outcome(
        **{name: record[name] for name in names if name != "end"},
        end=End(record["end"]),
        log_path=log_path(directory),
    )


def unseen(directory: Path, running: Running) -> Outcome:
    """Return the outcome of a run that goes on although its shim was killed: nobody sees its end."""
    return _lost(directory, running.started_at, _KILLED)


def _lost(directory: Path, started_at: float | None, cause: str) -> Outcome:
    """Return the outcome of a run whose end nobody saw: it ended at its last sign of life."""
    signs = [directory / files.STATE, log_path(directory)]
    changed_at = [path.stat().st_mtime for path in signs if path.exists()]
    began_at = min(changed_at, default=0.0) if started_at is None else started_at
    return Outcome(
        end=End.LOST,
        cause=cause,
        started_at=began_at,
        ended_at=max([began_at, *changed_at]),
        log_path=log_path(directory),
    )
