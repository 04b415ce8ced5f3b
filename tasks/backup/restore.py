"""Restoring a snapshot into a folder: files and dumps go to their places and are compared."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from blocks.repositories.interface import Repository, StoredEntry, StoredSnapshot, as_text
from blocks.tree import make
from tasks.backup import manifest as manifests
from tasks.backup.comparison import Comparison, compare
from tasks.backup.manifest import Manifest, ManifestError
from tasks.backup.remains import CLAIM, WORK, claimed, remove
from tasks.backup.sources import Source, locate
from tasks.backup.staging import CONTENT, DATABASES
from tasks.backup.target import check_entries, check_room, check_target
from tasks.backup.tree import LINK, scan
from tasks.errors import NotFoundError

LATEST = "latest"
CLOCK_TICK_SECONDS = 0.02
"""The clock by which file systems stamp changes may be this far behind."""


def restore(
    repository: Repository,
    snapshot: StoredSnapshot,
    target: Path,
    now: Callable[[], float] = time.time,
) -> Comparison:
    """Restore ``snapshot`` into ``target``, a new or empty folder, and compare it.

    The target then holds ``data/`` (the data folder), one folder for each further source, and
    ``manifest.json``. Where the restore fails, the target is as it was before; the remains of a
    killed restore are removed first.

    Raises:
        BadInputError: The target may not be written to; nothing was.
        ManifestError: The snapshot would write outside the target; nothing was written.
        RepositoryError: What the repository says.
    """
    started = now()
    check_target(target, [("repository", repository.folder)])
    manifest = read_manifest(repository, snapshot)
    check_target(
        target,
        [("data that it was taken from", source.path) for source in manifest.subject.sources],
    )
    listing = list(repository.entries(snapshot.id))
    check_entries(listing, manifest)
    check_room(target, manifest.total_bytes)
    names = [source.name for source in manifest.subject.sources]
    with _filled_or_unchanged(target, [*names, manifests.NAME]):
        repository.restore(snapshot.id, target / WORK)
        sources = compose(target, manifest)
        mend(sources, manifest, {entry.path for entry in listing})
        tree = scan(sources, {}, read_databases=True)
    gone = _vanished(manifest, listing)
    touched = _touched(manifest, listing)
    return compare(manifest, tree.entries, gone, touched, now() - started)


def choose(snapshots: Sequence[StoredSnapshot], snapshot_id: str) -> StoredSnapshot:
    """Return the snapshot of that id or prefix, or the newest one for ``latest``.

    Args:
        snapshots: Oldest first.
        snapshot_id: An id, the start of one, or ``latest``.

    Raises:
        NotFoundError: There is none, or the prefix fits several.
    """
    matching = (
        snapshots[-1:]
        if snapshot_id == LATEST
        else [snapshot for snapshot in snapshots if snapshot.id.startswith(snapshot_id)]
    )
    if len(matching) != 1 or not snapshot_id:
        known_ids = [snapshot.id[:8] for snapshot in snapshots]
        raise NotFoundError("snapshot", snapshot_id, known_ids, f"Give an id, or `{LATEST}`")
    return matching[0]


def read_manifest(repository: Repository, snapshot: StoredSnapshot) -> Manifest:
    """Return the manifest that lies in a snapshot.

    Raises:
        ManifestError: It is not one of Slipway's.
    """
    for path in snapshot.paths:
        if path.endswith(f"/{CONTENT}"):
            manifest = manifests.decode(repository.read(snapshot.id, f"{path}/{manifests.NAME}"))
            if manifest.staging == path:
                return manifest
    raise ManifestError(f"Snapshot {snapshot.id[:8]} was not taken by Slipway.")


def compose(target: Path, manifest: Manifest) -> tuple[Source, ...]:
    """Move what restic wrote below the work folder to its places; return the new sources."""
    work = target / WORK
    sources = tuple(
        Source(source.name, target / source.name) for source in manifest.subject.sources
    )
    for original, restored in zip(manifest.subject.sources, sources, strict=True):
        _move(_restored_path(work, original.path), restored.path)
    staging = _restored_path(work, Path(manifest.staging))
    for database in manifest.databases:
        place = _within(target, target / database)
        with _attributes_kept(place.parent):
            _move(staging / DATABASES / database, place)
    _move(staging / manifests.NAME, target / manifests.NAME)
    remove(work)
    return sources


def mend(sources: Sequence[Source], manifest: Manifest, stored: Collection[str]) -> None:
    """Restore what restic does not: targets of links that are not UTF-8, and holes of files.

    Restic makes holes from 0.15 on, and keeps such targets from 0.17 on. Only paths in ``stored``,
    which restic has just written, are touched, as a manifest may list anything.

    Raises:
        ManifestError: A path leads out of the folder of its source.
    """
    for entry in manifest.entries:
        if as_text(str(locate(manifest.subject.sources, entry.path))) not in stored:
            continue
        is_odd = entry.kind == LINK and as_text(entry.digest) != entry.digest
        if not is_odd and not entry.sparse:
            continue
        target = locate(sources, entry.path.partition("/")[0]).parent
        place = _within(target, locate(sources, entry.path))
        if is_odd and place.is_symlink():
            with _attributes_kept(place.parent):
                place.unlink()
                place.symlink_to(entry.digest)
        elif entry.sparse and place.is_file() and not place.is_symlink():
            _dig_holes(place)


def _dig_holes(place: Path) -> None:
    """Free the space that zeros take; without the program for it, a file stays as it is."""
    status, program = place.stat(), shutil.which("fallocate")
    if program is None:
        return
    subprocess.run([program, "--dig-holes", str(place)], check=False, capture_output=True)
    os.utime(place, ns=(status.st_atime_ns, status.st_mtime_ns))


def _vanished(manifest: Manifest, listing: Iterable[StoredEntry]) -> frozenset[str]:
    """Return the paths that the manifest lists and that were gone when restic came to read them."""
    stored = {entry.path for entry in listing}  # as text
    sources, dumped = manifest.subject.sources, set(manifest.databases)
    return frozenset(
        entry.path
        for entry in manifest.entries
        if entry.path not in dumped and as_text(str(locate(sources, entry.path))) not in stored
    )


def _touched(manifest: Manifest, listing: Iterable[StoredEntry]) -> frozenset[str]:
    """Return what was changed after the manifest was begun, as paths of the manifest, as text."""
    sources = {as_text(str(source.path)): source.name for source in manifest.subject.sources}
    since = manifest.read_at - CLOCK_TICK_SECONDS
    touched = set()
    for path in (entry.path for entry in listing if entry.changed_at >= since):
        for place, name in sources.items():
            if f"{path}/".startswith(f"{place}/"):
                touched.add(f"{name}{path.removeprefix(place)}")
    return frozenset(touched)


@contextmanager
def _filled_or_unchanged(target: Path, names: Iterable[str]) -> Iterator[None]:
    """Make ``target``; on any failure leave what was there before: nothing, or an empty folder."""
    new_folders = [folder for folder in (target, *target.parents) if not folder.exists()]
    make(target, 0o700)
    try:
        with claimed(target, names):
            try:
                yield
            except BaseException:
                for child in target.iterdir():
                    if child.name != CLAIM:
                        remove(child)
                raise
    except BaseException:
        for folder in new_folders:
            folder.rmdir()
        raise


def _restored_path(work: Path, original: Path) -> Path:
    """Return where restic wrote ``original`` below ``work``, its parents made writable.

    Raises:
        ManifestError: It is elsewhere: the path climbs, or goes through a link.
    """
    place = work / original.relative_to("/")
    for folder in reversed((place, *place.parents)):
        if folder.is_relative_to(work):
            _within(work, folder / original.name)
            if folder != place:
                folder.chmod(0o700)
    return place


def _within(root: Path, place: Path) -> Path:
    """Return ``place``, which is below ``root`` with no link above it; it may be a link itself.

    Raises:
        ManifestError: It is not.
    """
    between = [folder for folder in place.parents if folder.is_relative_to(root)]
    climbs = ".." in place.parts or not between
    if climbs or any(folder.is_symlink() for folder in between if folder != root):
        raise ManifestError(f"{place} leaves the folder that the snapshot is restored to.")
    return place


def _move(before: Path, after: Path) -> None:
    """Rename within one file system; a read-only folder keeps its mode."""
    status = before.lstat()
    if not stat.S_ISDIR(status.st_mode):
        before.rename(after)
        return
    before.chmod(0o700)
    before.rename(after)
    after.chmod(stat.S_IMODE(status.st_mode))


@contextmanager
def _attributes_kept(folder: Path) -> Iterator[None]:
    """Let a file be put into ``folder``, whose mode and times stay."""
    status = folder.stat()
    folder.chmod(0o700)
    yield
    folder.chmod(stat.S_IMODE(status.st_mode))
    os.utime(folder, ns=(status.st_atime_ns, status.st_mtime_ns))
