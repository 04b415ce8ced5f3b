"""Taking one snapshot: live files in their places, databases as dumps, and a manifest of both."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from os.path import lexists
from pathlib import Path

from blocks.removal import discard
from blocks.repositories.errors import RepositoryError, UnreadableSourceError
from blocks.repositories.interface import Progress, Repository, Snapshot, Stored, as_text
from tasks.backup import manifest as manifests
from tasks.backup.manifest import Manifest
from tasks.backup.sources import check_sources, locate
from tasks.backup.sqlite_dump import SIDE_FILES, dump_databases
from tasks.backup.staging import DATABASES, remember, remembered, staging_folder
from tasks.backup.subject import BackupSubject
from tasks.backup.tree import (
    Tree,
    TreeEntry,
    Trouble,
    digest_file,
    holds_database,
    scan,
    walk,
)
from tasks.errors import SlipwayError

_ATTEMPTS = 3
_LATE_REASON = "it was made while the backup ran, and copied as a plain file"


class SourceGoneError(SlipwayError):
    """A source was removed during its backup; no snapshot was taken."""

    def __init__(self, subject: BackupSubject, gone: Path) -> None:
        super().__init__(
            f"{subject.project} in {subject.environment} was forgotten while it was backed up, or "
            f"{gone} was removed otherwise: no snapshot was taken. Earlier ones are kept; "
            "`restore` brings one back."
        )


def snapshot(
    repository: Repository,
    subject: BackupSubject,
    staging: Path,
    progress: Callable[[Progress], None],
    now: Callable[[], float] = time.time,
) -> Snapshot:
    """Back up ``subject``; the files are read in place, the databases from dumps in ``staging``.

    Where a database appeared, or a file turned out to be unreadable, while restic read, the backup
    is repeated. One bad file does not fail it: a database that cannot be dumped is copied as it is,
    a file that cannot be read or restored is left out, and both are named.

    Raises:
        BadInputError: A source cannot be backed up.
        SourceGoneError: A source was removed meanwhile, as `forget` does.
        UnreadableSourceError: At each attempt other files could not be read; no snapshot is kept.
        RepositoryError: What the repository says.
    """
    started = now()
    check_sources(
        subject.project,
        subject.sources,
        [("repository", repository.folder), ("staging folder", staging)],
    )
    description = f"{subject.project} in {subject.environment}"
    with (
        staging_folder(staging.resolve(), description) as folder,
        _removed_sources_reported(subject),
    ):
        manifest, stored, late = _until_settled(repository, subject, folder, progress, now)
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
        unverified=tuple(map(str, (*manifest.unverified, *late))),
        left_out=tuple(map(str, manifest.left_out)),
    )


@contextmanager
def _removed_sources_reported(subject: BackupSubject) -> Iterator[None]:
    """Raise SourceGoneError for any failure while a source is gone."""
    try:
        yield
    except (RepositoryError, OSError) as error:
        for source in subject.sources:
            if not source.path.exists():
                raise SourceGoneError(subject, source.path) from error
        raise


def _until_settled(
    repository: Repository,
    subject: BackupSubject,
    staging: Path,
    progress: Callable[[Progress], None],
    now: Callable[[], float],
) -> tuple[Manifest, Stored, tuple[Trouble, ...]]:
    """Back up until restic could read all that is listed and no database was copied live.

    After the last attempt, a database that appeared meanwhile stays as the file that restic read.
    """
    unread: set[str] = set()
    for attempts_left in reversed(range(_ATTEMPTS)):
        manifest = prepare(subject, staging, now, unread)
        included, excluded = _included_and_excluded(manifest, staging)
        stored = repository.backup(included, excluded, subject.tags, progress)
        unreadable = _still_there(manifest, stored.unread)
        late = tuple(Trouble(path, _LATE_REASON) for path in late_databases(manifest))
        if not unreadable and not (late and attempts_left):
            remember(staging.parent, (staging / manifests.NAME).read_bytes())
            return manifest, stored, late
        repository.forget([stored.id])
        unread |= unreadable
    raise UnreadableSourceError(repository.name, sorted(unreadable))


def prepare(
    subject: BackupSubject, staging: Path, now: Callable[[], float], unread: Collection[str] = ()
) -> Manifest:
    """Read the sources, dump the databases, and write the manifest of both into ``staging``.

    ``unread`` are full paths, as text, that restic could not read.
    """
    previous, read_at = remembered(staging.parent), now()
    tree = scan(
        subject.sources, _reusable(previous), previous.read_at if previous else 0.0, unread=unread
    )
    discard(staging / DATABASES)
    places = {path: locate(subject.sources, path) for path in tree.databases}
    copies = {path: staging / DATABASES / path for path in tree.databases}
    dumps = dump_databases([(places[path], copies[path]) for path in tree.databases], now)
    dumped = tuple(path for path in tree.databases if places[path] not in dumps.failures)
    plain = {path: places[path] for path in tree.databases if path not in dumped}
    entries = tuple(_entries(tree, {path: copies[path] for path in dumped}, plain))
    entry_paths = {entry.path for entry in entries}
    manifest = Manifest(
        subject,
        str(staging),
        read_at,
        dumps.consistent_at,
        dumped,
        entries,
        tuple(Trouble(path, dumps.failures[plain[path]]) for path in plain if path in entry_paths),
        tree.left_out,
    )
    (staging / manifests.NAME).write_bytes(manifests.encode(manifest))
    return manifest


def late_databases(manifest: Manifest) -> list[str]:
    """Return the databases that appeared after the manifest was made, and so were not dumped."""
    covered = {entry.path for entry in manifest.entries if entry.size}
    covered.update(path + suffix for path in manifest.databases for suffix in SIDE_FILES)
    covered.update(trouble.path for trouble in manifest.left_out)
    return [
        place
        for path, place in walk(manifest.subject.sources)
        if path not in covered and holds_database(Path(place))
    ]


def _included_and_excluded(manifest: Manifest, staging: Path) -> tuple[list[Path], list[Path]]:
    """Return the paths that restic reads, and those that it leaves to the dumps or leaves out."""
    sources = manifest.subject.sources
    live = [locate(sources, path) for path in manifest.databases]
    sides = [path.with_name(path.name + suffix) for path in live for suffix in SIDE_FILES]
    left_out = [locate(sources, trouble.path) for trouble in manifest.left_out]
    return [*(source.path for source in sources), staging], [*live, *sides, *left_out]


def _reusable(previous: Manifest | None) -> dict[str, TreeEntry]:
    """Return the entries whose digests may be used again: not those of databases.

    Every backup dumps each database again, and reports each that it cannot dump.
    """
    if previous is None:
        return {}
    databases = {*previous.databases, *(trouble.path for trouble in previous.unverified)}
    return {entry.path: entry for entry in previous.entries if entry.path not in databases}


def _entries(
    tree: Tree, dumps: Mapping[str, Path], plain: Mapping[str, Path]
) -> Iterator[TreeEntry]:
    """Yield the entries as they are in the snapshot: dumps in the place of databases.

    The databases in ``plain`` could not be dumped: they stay plain files, with their logs. A
    database that is gone by now has no entry.
    """
    sides = {path + suffix for path in dumps for suffix in SIDE_FILES}
    contents = {**dumps, **plain}
    for entry in tree.entries:
        if entry.path in sides:
            continue
        if entry.path not in contents:
            yield entry
            continue
        content = contents[entry.path]
        try:
            size, digest = content.stat().st_size, digest_file(content)
        except FileNotFoundError:
            if entry.path in dumps:
                raise
            continue
        yield replace(entry, size=size, digest=digest)


def _still_there(manifest: Manifest, unread: Collection[str]) -> set[str]:
    """Return the paths of ``unread`` (as text) that the manifest lists and that still exist.

    The others were removed while restic read, as temporary files are.
    """
    if not unread:
        return set()
    sources = manifest.subject.sources
    places = (str(locate(sources, entry.path)) for entry in manifest.entries)
    return {as_text(place) for place in places if as_text(place) in unread and lexists(place)}
