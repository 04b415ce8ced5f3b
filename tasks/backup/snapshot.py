"""Takes one snapshot: live files where they are, databases as dumps, a manifest of it all."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from blocks.repositories.errors import UnreadableSourceError
from blocks.repositories.interface import Progress, Repository, Snapshot, Stored
from tasks.backup import manifest as manifests
from tasks.backup.manifest import Manifest
from tasks.backup.sources import check_sources, locate
from tasks.backup.sqlite_dump import SIDE_FILES, DumpError, dump_databases
from tasks.backup.staging import DATABASES, remember, remembered, staging_folder
from tasks.backup.subject import Subject
from tasks.backup.tree import Entry, Tree, digest_file, holds_database, scan, walk

_ATTEMPTS = 3


def snapshot(
    repository: Repository,
    subject: Subject,
    staging: Path,
    progress: Callable[[Progress], None],
    now: Callable[[], float] = time.time,
) -> Snapshot:
    """Back up ``subject``; the files are read in place, the databases from dumps in ``staging``.

    Where files went away, or a database appeared, while restic read, it is done anew.

    Raises:
        BadInputError: A source cannot be backed up.
        DumpError: A database cannot be dumped; restic has not been started.
        UnreadableSourceError: A file cannot be read; no snapshot of the others is kept.
        RepositoryError: What the repository says.
    """
    started = now()
    check_sources(
        subject.project,
        subject.sources,
        [("repository", repository.folder), ("staging folder", staging)],
    )
    with staging_folder(staging.resolve()) as folder:
        manifest, stored = _until_settled(repository, subject, folder, progress, now)
    return Snapshot(
        id=stored.id,
        repository=repository.name,
        project=subject.project,
        environment=subject.environment,
        sources=tuple(source.path for source in subject.sources),
        consistent_at=manifest.consistent_at,
        files=manifest.files,
        total_bytes=manifest.total_bytes,
        added_bytes=stored.added_bytes,
        seconds=now() - started,
    )


def _until_settled(
    repository: Repository,
    subject: Subject,
    staging: Path,
    progress: Callable[[Progress], None],
    now: Callable[[], float],
) -> tuple[Manifest, Stored]:
    """Back up until no file vanished and no database was copied live, three times at most."""
    for attempts_left in reversed(range(_ATTEMPTS)):
        manifest = prepare(repository.name, subject, staging, now)
        try:
            stored = repository.backup(*_arguments(manifest, staging), subject.tags, progress)
        except UnreadableSourceError as error:
            if not attempts_left or any(map(os.path.lexists, error.paths)):
                raise
            continue
        late = late_databases(manifest)
        if not late:
            remember(staging.parent, (staging / manifests.NAME).read_bytes())
            return manifest, stored
        repository.forget([stored.id])
    raise DumpError(Path(late[0]), "it was created while the backup ran, again and again")


def prepare(repository: str, subject: Subject, staging: Path, now: Callable[[], float]) -> Manifest:
    """Read the sources, dump the databases, and write the manifest of both into ``staging``."""
    before, read_at = remembered(staging.parent), now()
    tree = scan(subject.sources, _reusable(before), before.read_at if before else 0.0)
    if tree.unreadable:
        raise UnreadableSourceError(repository, tree.unreadable)
    places = {path: locate(subject.sources, path) for path in tree.databases}
    shutil.rmtree(staging / DATABASES, ignore_errors=True)
    dumps = {path: staging / DATABASES / path for path in tree.databases}
    consistent_at = dump_databases([(places[path], dumps[path]) for path in dumps], now)
    manifest = Manifest(
        subject, str(staging), read_at, consistent_at, tree.databases, _with_dumps(tree, dumps)
    )
    (staging / manifests.NAME).write_bytes(manifests.encode(manifest))
    return manifest


def late_databases(manifest: Manifest) -> list[str]:
    """Return the databases that came to be after the manifest, and so were not dumped."""
    known = {entry.path for entry in manifest.entries if entry.size}
    known.update(path + suffix for path in manifest.databases for suffix in SIDE_FILES)
    return [
        place
        for path, place in walk(manifest.subject.sources)
        if path not in known and holds_database(Path(place))
    ]


def _arguments(manifest: Manifest, staging: Path) -> tuple[list[Path], list[Path]]:
    """Return what restic reads, and what it leaves to the dumps."""
    sources = manifest.subject.sources
    live = [locate(sources, path) for path in manifest.databases]
    sides = [path.with_name(path.name + suffix) for path in live for suffix in SIDE_FILES]
    return [*(source.path for source in sources), staging], [*live, *sides]


def _reusable(before: Manifest | None) -> dict[str, Entry]:
    """Return the entries whose digests may be used again: not those of dumps."""
    if before is None:
        return {}
    dumped = set(before.databases)
    return {entry.path: entry for entry in before.entries if entry.path not in dumped}


def _with_dumps(tree: Tree, dumps: dict[str, Path]) -> tuple[Entry, ...]:
    """Return the entries as they are in the snapshot: dumps in the place of databases."""
    sides = {path + suffix for path in dumps for suffix in SIDE_FILES}
    return tuple(
        replace(entry, size=dumps[entry.path].stat().st_size, digest=digest_file(dumps[entry.path]))
        if entry.path in dumps
        else entry
        for entry in tree.entries
        if entry.path not in sides
    )
