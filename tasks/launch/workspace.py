"""Workspaces: the working copy of a release in which the steps of one workload run.

They never touch what is live. Each is at `<home>/workspaces/<workload id>`; one that is kept has
a file `ended`, whose time is the end of its workload.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import uv

from blocks.removal import discard
from tasks.errors import SlipwayError
from tasks.launch.boundary import enclose
from tasks.launch.copies import copy_release
from tasks.launch.kinds.interface import run_build
from tasks.launch.kinds.python_lock import LockTarget, constraints, lock_of
from tasks.launch.lock import locked
from tasks.launch.suite_requirements import suite_requirements
from tasks.release import Release

MAX_WORKSPACES_KEPT = 5
"""How many workspaces of ended workloads are kept, the newest ones."""
DAYS_KEPT = 7.0
PROGRAMS = "programs"
"""The folder of a workspace that is last on PATH: it has uv, which may not be installed."""

_ENDED = "ended"
_REMOVED = ".removed-"
_TRIAL = ".trial-"
_DAY_SECONDS = 86_400.0


class WorkspaceError(SlipwayError):
    """A workspace cannot be made."""


@dataclass(frozen=True, slots=True)
class Trimmed:
    """The workspaces that were removed; ``left`` says what could not be removed, and what to do."""

    removed: tuple[Path, ...] = ()
    left: tuple[str, ...] = ()


def workspaces(home: Path) -> Path:
    """Return the folder of all workspaces."""
    return home / "workspaces"


def open_workspace(release: Release, home: Path, workload_id: str) -> Release:
    """Return the copy of ``release`` for a workload, the same again when it is resumed.

    Raises:
        WorkspaceError: It cannot be made.
    """
    return _workspace(release, workspaces(home) / workload_id)


def open_trial(release: Release, home: Path) -> Release:
    """Return a copy of ``release`` that belongs to no workload, to inspect what would be run."""
    return _workspace(release, workspaces(home) / f"{_TRIAL}{secrets.token_hex(6)}")


def _workspace(release: Release, folder: Path) -> Release:
    try:
        copy = copy_release(release, folder)
        _furnish(copy)
    except OSError as error:
        reason = error.strerror or str(error)
        raise WorkspaceError(
            f"the workspace {folder} cannot be made ({reason}). "
            "Make room on that disk, or let this user write there."
        ) from error
    return copy


def _furnish(copy: Release) -> None:
    enclose(copy.path)
    (copy.path / _ENDED).unlink(missing_ok=True)
    (copy.path / PROGRAMS).mkdir(exist_ok=True)
    for name in ("uv", "uvx"):
        program = Path(uv.find_uv_bin()).with_name(name)
        if program.exists() and not (copy.path / PROGRAMS / name).is_symlink():
            (copy.path / PROGRAMS / name).symlink_to(program)


def provide_pytest(workspace: Release) -> str:
    """Install the test requirements that the project's metadata names, where pytest is missing.

    Return where they are named; empty if nothing was installed. The release that serves is not
    changed. Where the source has a lock file, its versions are kept.

    Raises:
        BuildError: They cannot be installed.
    """
    python = workspace.path / "env" / "bin" / "python"
    installed = any(workspace.path.glob("env/lib/python*/site-packages/pytest"))
    requirements = suite_requirements(workspace.source)
    if installed or requirements is None or not python.exists():
        return ""
    target = LockTarget(workspace.source, workspace.path / "env", uv.find_uv_bin())
    options: list[str] = []
    if lock := lock_of(workspace.source):  # a package that both name keeps the locked version
        options = ["--constraints", str(constraints(lock, target))]
    install = [target.uv, "pip", "install", "--quiet", "--python", str(python), *options]
    run_build([*install, *requirements.arguments], workspace.source, {"UV_LINK_MODE": "copy"})
    return requirements.where


def leave_workspace(folder: Path, *, keep: bool, now: float) -> str:
    """Remove the workspace at ``folder``, or mark it as one whose workload has ended.

    Returns:
        A sentence on what cannot be removed, why, and what to do; empty if all is removed.
    """
    if not folder.exists():
        return ""
    if not keep:
        return _remove(folder)
    (folder / _ENDED).touch()
    os.utime(folder / _ENDED, (now, now))
    return ""


def trim_workspaces(home: Path, living: Callable[[], Collection[str]], now: float) -> Trimmed:
    """Remove the workspaces of ended workloads that are too many or too old.

    ``living`` returns the ids of workloads that run, or may be resumed. A workload is recorded
    before its workspace is made, so that ``living`` is called after the workspaces are listed.
    """
    folder = workspaces(home)
    if not folder.is_dir():
        return Trimmed()
    with locked(folder / ".lock"):
        forgotten = [
            path for path in folder.glob(f"{_TRIAL}*") if now - _ended_at(path) > _DAY_SECONDS
        ]
        leftovers = [*folder.glob(f"{_REMOVED}*"), *forgotten]
        problems = [discard(leftover) for leftover in leftovers]
        folders = [path for path in folder.iterdir() if path.name[0] != "."]
        living_ids = living()
        ended = [path for path in folders if path.name not in living_ids]
        excess = to_trim({path: _ended_at(path) for path in ended}, now)
        problems += [_remove(path) for path in excess]
    return Trimmed(tuple(excess), tuple(filter(None, problems)))


def to_trim(ended: dict[Path, float], now: float) -> list[Path]:
    """Return the workspaces to remove: all but the newest few that are not too old."""
    newest = sorted(ended, key=lambda path: ended[path], reverse=True)
    return [
        path
        for number, path in enumerate(newest)
        if number >= MAX_WORKSPACES_KEPT or now - ended[path] > DAYS_KEPT * _DAY_SECONDS
    ]


def _ended_at(path: Path) -> float:
    """Return when its workload ended; where that is not recorded, when the folder was changed."""
    mark = path / _ENDED
    return (mark if mark.exists() else path).stat().st_mtime


def _remove(path: Path) -> str:
    """Remove a workspace, for all others in one step; return a sentence on what is left."""
    aside = path.with_name(f"{_REMOVED}{path.name}")
    path.rename(aside)
    return discard(aside)
