"""The retention job of the reconciler: removes what has ended, oldest first, in small portions.

Folders of runs (steps, services) are removed by age and by size; history is removed by age and by
number of rows. What lives, is open, or is referenced stays whatever its age.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from blocks.providers.process import detached
from blocks.removal import discard
from blocks.tree import walk
from stack.temporary import clear_temporary_folder
from tasks.home import Home
from tasks.launch.build import clear_unfinished
from tasks.launch.workspace import DAYS_KEPT, MAX_WORKSPACES_KEPT, trim_workspaces
from tasks.ledger.connection import Ledger
from tasks.ledger.retention import forget_history, kept_history, referenced, surplus_instances
from tasks.ledger.workloads import resumable_workloads
from tasks.observe.retention_table import RetentionRow, write_retention
from tasks.quantities import DAY_SECONDS, HOUR_SECONDS, MIB_BYTES
from tasks.settings import Settings

FOLDERS = ("steps", "instances")
FOLDERS_MEASURED_PER_RUN = 500
FOLDERS_REMOVED_PER_RUN = 50
ROWS_FORGOTTEN_PER_RUN = 1000
ENDED_RUNS_KEPT = 3
"""So many ended runs of each replica of a service stay, for their logs."""
SETTLED_SECONDS = 600.0
_REMOVED = ".removed-"


@dataclass(frozen=True, slots=True)
class Folder:
    """The folder of one run: when it last changed, and how many bytes it takes."""

    name: str
    at: float
    size: int


def to_remove(ended: Sequence[Folder], total: int, before: float, max_bytes: int) -> list[Folder]:
    """Return which of ``ended`` to remove, oldest first; ``total`` is the size of all folders."""
    doomed = []
    for folder in sorted(ended, key=lambda each: each.at):
        if folder.at >= before and total <= max_bytes:
            break
        doomed.append(folder)
        total -= folder.size
    return doomed


class Retention:
    """Removes what is too old or too much, and records for `status` what it keeps."""

    def __init__(
        self, config: Settings, ledger: Ledger, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._config, self._ledger, self._home = config, ledger, Home(config.root)
        self._due = self._copies_due = clock()
        self._copies: list[RetentionRow] = []
        self._sizes: dict[str, dict[str, tuple[float, int]]] = {kind: {} for kind in FOLDERS}

    def __call__(self, now: float) -> list[str]:
        """Remove one portion; return a sentence for each kind of which something was removed."""
        sentences: list[str] = []
        lines = []
        for kind in FOLDERS:
            folders, complete = self._measured(kind)
            doomed = self._doomed(kind, folders, now) if complete else []
            remnants = [self._remove(kind, folder.name) for folder in doomed]
            sentences += filter(None, remnants)
            if doomed:
                sentences.append(f"{len(doomed)} folders of ended {kind} removed")
            removed = {folder.name for folder in doomed}
            lines.append(self._line(kind, [each for each in folders if each.name not in removed]))
        sentences += self._forget(now)
        if count := clear_unfinished(self._config.root / "releases"):
            sentences.append(f"{count} unfinished builds removed")
        if (moment := self._clock()) >= self._copies_due:
            sentences += self._trim_workspaces(now)
            self._copies, self._copies_due = copies(self._home.root), moment + HOUR_SECONDS
            if cleared := clear_temporary_folder(self._home.root, now):
                sentences.append(f"{cleared} unused temporary files removed")
        write_retention(self._home, [*lines, *self._copies, *self._history()])
        return sentences

    def _trim_workspaces(self, now: float) -> list[str]:
        """Remove workspaces that no run will use again, also if no workload runs any more."""
        before = now - DAYS_KEPT * DAY_SECONDS

        def living() -> set[str]:
            """Return the workloads that run, or may be resumed."""
            return resumable_workloads(self._ledger, before)

        trimmed = trim_workspaces(self._config.root, living, now)
        count = len(trimmed.removed)
        removed = [f"{count} workspaces of ended workloads removed"] if count else []
        return [*removed, *trimmed.left]

    def _forget(self, now: float) -> list[str]:
        """Delete a portion of history; if there was nothing to delete, look again in an hour."""
        moment = self._clock()
        if moment < self._due:
            return []
        before = now - self._config.history_days * DAY_SECONDS
        rows = forget_history(
            self._ledger, before, self._config.history_rows, ROWS_FORGOTTEN_PER_RUN
        )
        self._due = moment if rows else moment + HOUR_SECONDS
        return [f"{count} rows of {kind} forgotten" for kind, count in rows.items()]

    def _measured(self, kind: str) -> tuple[list[Folder], bool]:
        """Return the folders of ``kind``, and whether all are measured; a call measures few."""
        sizes, listed = self._sizes[kind], _listed(self._config.root / kind)
        changed = [path for path, at in listed.items() if sizes.get(path.name, (0.0, 0))[0] != at]
        for path in changed[:FOLDERS_MEASURED_PER_RUN]:
            sizes[path.name] = (listed[path], _size(path))
        names = {path.name for path in listed}
        self._sizes[kind] = {name: value for name, value in sizes.items() if name in names}
        folders = [Folder(name, at, size) for name, (at, size) in self._sizes[kind].items()]
        return folders, len(changed) <= FOLDERS_MEASURED_PER_RUN

    def _doomed(self, kind: str, folders: Sequence[Folder], now: float) -> list[Folder]:
        # Asked after they were listed: a run is recorded before its folder is there.
        in_use = referenced(self._ledger)
        ended = [each for each in folders if each.name not in in_use]
        total = sum(folder.size for folder in folders)
        before = now - self._config.run_days * DAY_SECONDS
        old = to_remove(ended, total, before, self._config.run_mib * MIB_BYTES)
        surplus = surplus_instances(self._ledger, ENDED_RUNS_KEPT) if kind == "instances" else ()
        settled = now - SETTLED_SECONDS  # whoever has ended one may still read its log
        many = [each for each in ended if each.name in surplus and each.at < settled]
        doomed = list(dict.fromkeys([*old, *many]))[:FOLDERS_REMOVED_PER_RUN]
        return [
            each for each in doomed if not detached.is_running(self._config.root / kind / each.name)
        ]

    def _remove(self, kind: str, name: str) -> str:
        """Remove the folder of one run; return a sentence on what could not be removed."""
        folder = self._config.root / kind
        aside = folder / f"{_REMOVED}{name}"
        (folder / name).rename(aside)  # in one step, as far as anyone who looks can tell
        return discard(aside)

    def _line(self, kind: str, folders: Sequence[Folder]) -> RetentionRow:
        size = sum(folder.size for folder in folders) / MIB_BYTES
        oldest = min((folder.at for folder in folders), default=None)
        goes = f"after {self._config.run_days:g} days, or above {self._config.run_mib} MiB"
        if kind == "instances":
            goes += f"; sooner, except the newest {ENDED_RUNS_KEPT} of each replica"
        return RetentionRow(f"{kind} (folders)", len(folders), round(size, 1), oldest, goes)

    def _history(self) -> list[RetentionRow]:
        goes = (
            f"after {self._config.history_days:g} days, or above {self._config.history_rows} rows"
        )
        history = kept_history(self._ledger)
        return [
            RetentionRow(kind, rows.rows, None, rows.oldest_at, goes)
            for kind, rows in history.items()
        ]


def copies(root: Path) -> list[RetentionRow]:
    """Return the disk space of the copies of releases; this takes long, so call it once an hour."""
    kinds = (
        (
            "workspaces",
            "workspaces/*",
            f"{MAX_WORKSPACES_KEPT} of failed workloads, for {DAYS_KEPT:g} days",
        ),
        ("serving trees", "serving/*/*/*", "with their release, unless data lies in them"),
    )
    lines = []
    for kind, pattern, goes in kinds:
        folders = [path for path in root.glob(pattern) if path.name[0] != "." and path.is_dir()]
        size = sum(_size(path) for path in folders) / MIB_BYTES
        oldest = min((path.stat().st_mtime for path in folders), default=None)
        lines.append(RetentionRow(f"{kind} (folders)", len(folders), round(size, 1), oldest, goes))
    return lines


def _listed(folder: Path) -> dict[Path, float]:
    """Return the folders of runs and when each changed; remove what was left half removed."""
    if not folder.is_dir():
        return {}
    changed_at = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(_REMOVED):
                discard(Path(entry.path))
            elif entry.name[0] != "." and entry.is_dir(follow_symlinks=False):
                changed_at[Path(entry.path)] = entry.stat(follow_symlinks=False).st_mtime
    return changed_at


def _size(folder: Path) -> int:
    """Return the bytes of the files below ``folder``; vanishing ones count as none."""
    total = 0
    for root, _, files in walk(folder):
        for name in files:
            with suppress(FileNotFoundError):
                total += (Path(root) / name).lstat().st_size
    return total
