"""Retention: a duty of the reconciler that lets go of what has ended, oldest first, bite by bite.

Folders of runs (steps, services) go by age and by the room they take; history goes by age and by
number. What lives, is open, or is referenced stays whatever its age. Free of Prefect.
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
from tasks.launch.workspace import DAYS_KEPT, MOST_KEPT, trim_workspaces
from tasks.ledger.connection import Ledger
from tasks.ledger.retention import forget_history, kept_history, referenced, surplus_instances
from tasks.ledger.workloads import resumable_workloads
from tasks.observe.retention import Line, write_retention
from tasks.quantities import DAY_SECONDS, HOUR_SECONDS, MIB_BYTES
from tasks.settings import Settings

FOLDERS = ("steps", "instances")
MEASURED_A_ROUND = 500
REMOVED_A_ROUND = 50
ROWS_A_ROUND = 1000
ENDED_KEPT = 3
"""So many ended runs of each replica of a service stay, for their logs."""
SETTLED_SECONDS = 600.0
_REMOVED = ".removed-"


@dataclass(frozen=True, slots=True)
class Folder:
    """The folder of one run: when it last changed, and how many bytes it takes."""

    name: str
    at: float
    size: int


def to_remove(ended: Sequence[Folder], total: int, before: float, most_bytes: int) -> list[Folder]:
    """Return which of ``ended`` go, the oldest first; ``total`` is what all of the kind take."""
    doomed = []
    for folder in sorted(ended, key=lambda each: each.at):
        if folder.at >= before and total <= most_bytes:
            break
        doomed.append(folder)
        total -= folder.size
    return doomed


class Retention:
    """Lets go of what is too old or too much; what it keeps is written down for `status`."""

    def __init__(
        self, chosen: Settings, ledger: Ledger, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._chosen, self._ledger, self._home = chosen, ledger, Home(chosen.root)
        self._due = self._copies_due = clock()
        self._copies: list[Line] = []
        self._sizes: dict[str, dict[str, tuple[float, int]]] = {kind: {} for kind in FOLDERS}

    def __call__(self, now: float) -> list[str]:
        """Let go of one bite; return a sentence for each kind of which something went."""
        sentences: list[str] = []
        lines = []
        for kind in FOLDERS:
            folders, complete = self._measured(kind)
            doomed = self._doomed(kind, folders, now) if complete else []
            left = [self._remove(kind, folder.name) for folder in doomed]
            sentences += filter(None, left)
            if doomed:
                sentences.append(f"{len(doomed)} folders of ended {kind} removed")
            gone = {folder.name for folder in doomed}
            lines.append(self._line(kind, [each for each in folders if each.name not in gone]))
        sentences += self._forget(now)
        if count := clear_unfinished(self._chosen.root / "releases"):
            sentences.append(f"{count} builds that came to no end removed")
        if (moment := self._clock()) >= self._copies_due:
            sentences += self._trim_workspaces(now)
            self._copies, self._copies_due = copies(self._home.root), moment + HOUR_SECONDS
            if cleared := clear_temporary_folder(self._home.root, now):
                sentences.append(f"{cleared} temporary files that nobody uses removed")
        write_retention(self._home, [*lines, *self._copies, *self._history()])
        return sentences

    def _trim_workspaces(self, now: float) -> list[str]:
        """Remove workspaces that no run comes back to, also where no workload runs any more."""
        before = now - DAYS_KEPT * DAY_SECONDS

        def living() -> set[str]:
            """Return the workloads that run, or may be resumed."""
            return resumable_workloads(self._ledger, before)

        trimmed = trim_workspaces(self._chosen.root, living, now)
        count = len(trimmed.removed)
        removed = [f"{count} workspaces of ended workloads removed"] if count else []
        return [*removed, *trimmed.left]

    def _forget(self, now: float) -> list[str]:
        """Forget a bite of history; where there was nothing, look again in an hour."""
        moment = self._clock()
        if moment < self._due:
            return []
        before = now - self._chosen.history_days * DAY_SECONDS
        rows = forget_history(self._ledger, before, self._chosen.history_rows, ROWS_A_ROUND)
        self._due = moment if rows else moment + HOUR_SECONDS
        return [f"{count} rows of {kind} forgotten" for kind, count in rows.items()]

    def _measured(self, kind: str) -> tuple[list[Folder], bool]:
        """Return the folders of ``kind``, and whether all are measured yet; few are at a time."""
        known, there = self._sizes[kind], _listed(self._chosen.root / kind)
        fresh = [path for path, at in there.items() if known.get(path.name, (0.0, 0))[0] != at]
        for path in fresh[:MEASURED_A_ROUND]:
            known[path.name] = (there[path], _size(path))
        names = {path.name for path in there}
        self._sizes[kind] = {name: value for name, value in known.items() if name in names}
        folders = [Folder(name, at, size) for name, (at, size) in self._sizes[kind].items()]
        return folders, len(fresh) <= MEASURED_A_ROUND

    def _doomed(self, kind: str, folders: Sequence[Folder], now: float) -> list[Folder]:
        # Asked after they were listed: a run is recorded before its folder is there.
        kept = referenced(self._ledger)
        ended = [each for each in folders if each.name not in kept]
        total = sum(folder.size for folder in folders)
        before = now - self._chosen.run_days * DAY_SECONDS
        old = to_remove(ended, total, before, self._chosen.run_mib * MIB_BYTES)
        surplus = surplus_instances(self._ledger, ENDED_KEPT) if kind == "instances" else ()
        settled = now - SETTLED_SECONDS  # whoever has ended one may still read its log
        many = [each for each in ended if each.name in surplus and each.at < settled]
        doomed = list(dict.fromkeys([*old, *many]))[:REMOVED_A_ROUND]
        return [each for each in doomed if not _runs(self._chosen.root / kind / each.name)]

    def _remove(self, kind: str, name: str) -> str:
        """Remove the folder of one run; say what is left of it, if anything."""
        folder = self._chosen.root / kind
        aside = folder / f"{_REMOVED}{name}"
        (folder / name).rename(aside)  # in one step, as far as anyone who looks can tell
        return discard(aside)

    def _line(self, kind: str, folders: Sequence[Folder]) -> Line:
        size = sum(folder.size for folder in folders) / MIB_BYTES
        oldest = min((folder.at for folder in folders), default=None)
        goes = f"after {self._chosen.run_days:g} days, or above {self._chosen.run_mib} MiB"
        if kind == "instances":
            goes += f"; all but the newest {ENDED_KEPT} ended of each replica sooner"
        return Line(f"{kind} (folders)", len(folders), round(size, 1), oldest, goes)

    def _history(self) -> list[Line]:
        goes = (
            f"after {self._chosen.history_days:g} days, or above {self._chosen.history_rows} rows"
        )
        there = kept_history(self._ledger)
        return [Line(kind, kept.rows, None, kept.oldest_at, goes) for kind, kept in there.items()]


def copies(root: Path) -> list[Line]:
    """Return what the copies of releases take: walking them takes long, so ask once an hour."""
    kinds = (
        ("workspaces", "workspaces/*", f"{MOST_KEPT} of failed workloads, for {DAYS_KEPT:g} days"),
        ("serving trees", "serving/*/*/*", "with their release, unless data lies in them"),
    )
    lines = []
    for kind, pattern, goes in kinds:
        there = [path for path in root.glob(pattern) if path.name[0] != "." and path.is_dir()]
        size = sum(_size(path) for path in there) / MIB_BYTES
        oldest = min((path.stat().st_mtime for path in there), default=None)
        lines.append(Line(f"{kind} (folders)", len(there), round(size, 1), oldest, goes))
    return lines


def _listed(folder: Path) -> dict[Path, float]:
    """Return the folders of runs and when each changed; what was left half removed goes now."""
    if not folder.is_dir():
        return {}
    found = {}
    with os.scandir(folder) as there:
        for item in there:
            if item.name.startswith(_REMOVED):
                discard(Path(item.path))
            elif item.name[0] != "." and item.is_dir(follow_symlinks=False):
                found[Path(item.path)] = item.stat(follow_symlinks=False).st_mtime
    return found


def _size(folder: Path) -> int:
    """Return what the files below ``folder`` take; one that goes meanwhile takes nothing."""
    total = 0
    for root, _, files in walk(folder):
        for name in files:
            with suppress(FileNotFoundError):
                total += (Path(root) / name).lstat().st_size
    return total


def _runs(directory: Path) -> bool:
    return isinstance(detached.status(directory), detached.Running)
