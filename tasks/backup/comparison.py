"""The comparison of a restored tree with the manifest of its snapshot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from blocks.repositories.interface import as_text
from tasks.backup.manifest import Manifest
from tasks.backup.tree import FILE, TreeEntry
from tasks.errors import SlipwayError


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a restore gave back; paths start with the name of their source.

    ``changed`` are paths that the application made, wrote to, renamed or removed after they were
    read for the manifest and before restic read them: they are restored as restic read them.
    ``unexpected`` are paths that nobody recorded. ``unverified`` and ``left_out`` were known when
    the snapshot was taken, each as `path: reason`.
    """

    files: int
    bytes: int
    missing: tuple[str, ...]
    differing: tuple[str, ...]
    unexpected: tuple[str, ...]
    changed: tuple[str, ...]
    seconds: float
    unverified: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def identical(self) -> bool:
        """Whether nothing is missing, different or unexpected."""
        return not (self.missing or self.differing or self.unexpected)


class ComparisonError(SlipwayError):
    """A restored tree that is not what was backed up; it stays where it is.

    Attributes:
        comparison: What differs.
    """

    def __init__(self, snapshot_id: str, target: Path, comparison: Comparison) -> None:
        self.comparison = comparison
        paths = (*comparison.missing, *comparison.differing, *comparison.unexpected)
        super().__init__(
            f"Snapshot {snapshot_id[:8]} restored to {target} differs from what was backed up in "
            f"{len(paths)} path(s), e.g. {as_text(paths[0])}. Check the repository with "
            "read_data_subset 100%, or restore an earlier snapshot."
        )


def compare(
    manifest: Manifest,
    restored: Sequence[TreeEntry],
    gone: frozenset[str],
    touched: frozenset[str],
    seconds: float,
) -> Comparison:
    """Compare kind, mode, size and content, path by path.

    Args:
        manifest: The manifest of the snapshot.
        restored: The entries of the restored tree.
        gone: Paths that were gone when restic came to read them.
        touched: Paths, as text, that were changed in any way after the manifest was begun.
        seconds: How long the restore took.
    """
    recorded_by_path = {entry.path: entry for entry in manifest.entries}
    restored_by_path = {entry.path: entry for entry in restored}
    written = {
        path
        for path, entry in restored_by_path.items()
        if as_text(path) in touched or _written_since(entry, manifest, recorded_by_path)
    }
    differing = {
        path
        for path, entry in restored_by_path.items()
        if path in recorded_by_path and _content(entry) != _content(recorded_by_path[path])
    }
    unexpected = restored_by_path.keys() - recorded_by_path.keys()
    written |= {
        path
        for path in unexpected | differing
        if _is_in_moved_folder(path, recorded_by_path, restored_by_path, touched)
    }
    missing = recorded_by_path.keys() - restored_by_path.keys()
    return Comparison(
        files=sum(entry.kind == FILE for entry in restored),
        bytes=sum(entry.size for entry in restored),
        missing=tuple(sorted(missing - gone)),
        differing=tuple(sorted(differing - written)),
        unexpected=tuple(sorted(unexpected - written)),
        changed=tuple(sorted((written & (differing | unexpected)) | (missing & gone))),
        seconds=seconds,
        unverified=tuple(map(str, manifest.unverified)),
        left_out=tuple(map(str, manifest.left_out)),
    )


def _written_since(
    entry: TreeEntry, manifest: Manifest, recorded_by_path: dict[str, TreeEntry]
) -> bool:
    """Tell whether the application wrote that file after its manifest entry was made."""
    if entry.kind != FILE or entry.modified_ns < int(manifest.read_at * 1e9):
        return False
    recorded = recorded_by_path.get(entry.path)
    return recorded is None or recorded.modified_ns != entry.modified_ns


def _is_in_moved_folder(
    path: str,
    recorded_by_path: Mapping[str, TreeEntry],
    restored_by_path: Mapping[str, TreeEntry],
    touched: frozenset[str],
) -> bool:
    """Tell whether a folder above ``path``, other than its source, may have replaced another one.

    The files in a folder that is moved keep their times, so their own stamps show nothing.
    """
    if _is_same_but_for_content(recorded_by_path.get(path), restored_by_path[path]):
        return False
    _, *below = path.split("/")
    source = path.partition("/")[0]
    above = accumulate(below[:-1], lambda folder, name: f"{folder}/{name}", initial=source)
    return any(as_text(folder) in touched for folder in above if folder != source)


def _is_same_but_for_content(recorded: TreeEntry | None, restored: TreeEntry) -> bool:
    """Tell whether the restored file has the time, size and mode of its entry in the manifest."""
    if recorded is None or not recorded.kind == restored.kind == FILE:
        return False
    return (recorded.modified_ns, recorded.size, recorded.mode) == (
        restored.modified_ns,
        restored.size,
        restored.mode,
    )


def _content(entry: TreeEntry) -> tuple[str, int, int, str]:
    return entry.kind, entry.mode, entry.size, entry.digest
