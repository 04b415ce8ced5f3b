"""The checks of a restore's target, made before the first byte is written."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from blocks.repositories.interface import StoredEntry, as_text
from tasks.backup import manifest as manifests
from tasks.backup.manifest import Manifest, ManifestError
from tasks.backup.remains import CLAIM, WORK, holds_remains_only
from tasks.backup.staging import DATABASES
from tasks.errors import BadInputError

_FIELD = "target"


def refuse_kept(
    target: Path,
    home: Path,
    program: Path,
    repositories: Mapping[str, Path | None],
    of_projects: Mapping[str, Sequence[Path]],
) -> None:
    """Refuse a ``target`` at, below or above a folder of Slipway itself, links followed.

    A target in the data of a project is refused too: it would be backed up with that data, and
    the project's services would see it.

    A new folder directly in ``program`` is allowed: a `slipway.yaml` often lies there.

    Args:
        target: As the user gave it.
        home: Slipway's home folder, which holds releases, data and all else that it keeps.
        program: The folder of Slipway, with its own code.
        repositories: The folder of each, by name; None if it lies elsewhere.
        of_projects: The folders of all projects by their description, e.g. `data of shop`.

    Raises:
        BadInputError: The target is refused; the message names the folder and what to give instead.
    """
    if not target.is_absolute():
        raise _not_full(target)
    real, beside = target.resolve(), program.resolve()
    for name, folder in {"home of Slipway": home, **_named(repositories)}.items():
        _refuse_near(target, real, name, folder.resolve())
    if real.parent != beside:
        new = f", or a new one directly in it, e.g. {program / 'restored'}"
        _refuse_near(target, real, "folder of Slipway itself", beside, new)
    for description, folders in of_projects.items():
        for folder in folders:
            if real.is_relative_to(folder.resolve()):
                problem = f"lies in the {description} ({folder})"
                raise _refused(target, problem, "Give a folder elsewhere")


def _not_full(target: Path) -> BadInputError:
    return _refused(target, "is not a full path without `..`", "Write it in full, from /")


def _named(repositories: Mapping[str, Path | None]) -> dict[str, Path]:
    return {f"repository {name}": folder for name, folder in repositories.items() if folder}


def _refuse_near(target: Path, real: Path, name: str, folder: Path, or_else: str = "") -> None:
    """Refuse ``target``, which is ``real``, where it is ``folder``, lies in it or holds it."""
    if real.is_relative_to(folder):
        problem = f"lies in the {name} ({folder})"
    elif folder.is_relative_to(real):
        problem = f"holds the {name} ({folder})"
    else:
        return
    raise _refused(target, problem, f"Give a folder elsewhere{or_else}")


def check_target(target: Path, kept_apart: Iterable[tuple[str, Path | None]]) -> Path:
    """Return ``target`` where a restore may write to it: a new or empty folder, in full.

    Args:
        target: As the user gave it.
        kept_apart: Pairs of (what it is, folder) that it may not lie in.

    Raises:
        BadInputError: It is relative, climbs (``..``), goes through a link, lies in one of
            ``kept_apart``, holds something, or cannot be written to.
    """
    if not target.is_absolute() or ".." in target.parts:
        raise _not_full(target)
    if (real := target.resolve()) != target:
        raise _refused(target, "goes through a symbolic link", f"Give the real path, e.g. {real}")
    for description, folder in kept_apart:
        if folder is not None and real.is_relative_to(folder.resolve()):
            raise _refused(
                target, f"lies in the {description} ({folder})", "Give a folder elsewhere"
            )
    if os.path.lexists(target) and not target.is_dir():
        raise _refused(target, "is not a folder", "Give a new or an empty one")
    if os.path.lexists(target) and not _is_free(target):
        raise _refused(target, "is not empty", "Give a new or an empty folder")
    nearest = next(folder for folder in (target, *target.parents) if folder.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise _refused(
            target, f"cannot be written to ({nearest})", "Give a folder that you may write to"
        )
    return target


def _is_free(target: Path) -> bool:
    """Tell whether it is an empty folder, or holds only the remains of a killed restore."""
    return target.is_dir() and (not any(target.iterdir()) or holds_remains_only(target))


def check_room(target: Path, needed_bytes: int) -> None:
    """Refuse a restore that the disk cannot hold."""
    nearest = next(folder for folder in (target, *target.parents) if folder.exists())
    if (free := shutil.disk_usage(nearest).free) < needed_bytes:
        raise _refused(
            target, f"has {free} bytes free, {needed_bytes} are needed", "Give a larger disk"
        )


def check_entries(entries: Iterable[StoredEntry], manifest: Manifest) -> None:
    """Refuse a snapshot with a path that would be written outside the target.

    Raises:
        ManifestError: A path climbs, goes through a link, or belongs to no source.
    """
    kinds = {entry.path: entry.kind for entry in entries}
    roots = _checked_roots(kinds, manifest)
    links = {path for path, kind in kinds.items() if kind == "symlink"}
    for path in kinds:
        if not _plain(path.lstrip("/")) or not _within(path, roots):
            raise ManifestError(f"The snapshot holds {path!r}, which belongs to no source of it.")
        if links and _is_below(path, links):
            raise ManifestError(f"The snapshot holds {path!r}, which goes through a link.")
    _check_names(manifest)
    for database in manifest.databases:
        _check_database(database, kinds, manifest)


def _is_below(path: str, links: set[str]) -> bool:
    """Tell whether one of ``links`` is on the way to ``path``; compared as text for speed."""
    while path := path.rpartition("/")[0]:
        if path in links:
            return True
    return False


def _checked_roots(kinds: Mapping[str, str], manifest: Manifest) -> list[str]:
    """Return, as text, the sources and the staging folder: all folders, none inside another."""
    roots = [str(source.path) for source in manifest.subject.sources] + [manifest.staging]
    for root in roots:
        if not root.startswith("/") or not _plain(root[1:]) or kinds.get(as_text(root)) != "dir":
            raise ManifestError(f"The snapshot names {root!r}, which is not a folder in it.")
    for root in roots:
        if any(other is not root and Path(other).is_relative_to(root) for other in roots):
            raise ManifestError(f"The snapshot names folders that lie in each other: {root!r}.")
    return [as_text(root) for root in roots]


def _check_names(manifest: Manifest) -> None:
    """Refuse sources and entries whose names would lead out of their places in the target."""
    for source in manifest.subject.sources:
        if (
            not _plain(source.name)
            or "/" in source.name
            or source.name in {WORK, CLAIM, manifests.NAME}
        ):
            raise ManifestError(f"The snapshot names a source {source.name!r}.")
    names = {source.name for source in manifest.subject.sources}
    for entry in manifest.entries:
        if not _plain(entry.path) or entry.path.partition("/")[0] not in names:
            raise ManifestError(f"The snapshot lists {entry.path!r}, which belongs to no source.")


def _check_database(database: str, kinds: Mapping[str, str], manifest: Manifest) -> None:
    """Refuse a dump that is missing, or whose place is not in a folder of its source."""
    name, _, below = database.partition("/")
    folders = [str(source.path) for source in manifest.subject.sources if source.name == name]
    if not folders or not below or not _plain(below):
        raise ManifestError(f"The snapshot's database {database!r} belongs to no source.")
    place = PurePosixPath(as_text(folders[0]), as_text(below))
    dump = as_text(f"{manifest.staging}/{DATABASES}/{database}")
    if kinds.get(str(place.parent)) != "dir" or str(place) in kinds or kinds.get(dump) != "file":
        raise ManifestError(f"The snapshot's database {database!r} cannot be put in its place.")


def _plain(path: str) -> bool:
    return bool(path) and not {"", ".", ".."} & set(path.split("/"))


def _within(path: str, roots: Sequence[str]) -> bool:
    """Tell whether ``path`` is a root, below one, or on the way to one."""
    return any(f"{path}/".startswith(f"{root}/") or root.startswith(f"{path}/") for root in roots)


def _refused(target: Path, problem: str, remedy: str) -> BadInputError:
    return BadInputError(_FIELD, str(target), problem, remedy)
