"""Releases on disk: each is built aside, moved into place in one step, reused, and pruned."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from blocks.credentials import plain
from blocks.durable_file import sync_folder, sync_tree
from blocks.project_spec import ProjectSpec
from blocks.removal import discard
from tasks.launch.access import access
from tasks.launch.build_turn import build_turn
from tasks.launch.detection import kind_of
from tasks.launch.holding import held_by_nobody
from tasks.launch.kinds.interface import Kind
from tasks.launch.lock import locked, try_lock
from tasks.launch.sources.members import Bounds
from tasks.launch.sources.source import check_source, fetch, resolved_version, tree_digest
from tasks.ledger.connection import Ledger
from tasks.ledger.releases import forget_release, releases
from tasks.release import BUILD_LOG, Release

_DIGEST_CHARACTERS = 12
_UNFINISHED = ".building-"
_LOCK = ".lock"
_BOUNDS = Bounds()


def accept(_: Release) -> None:
    """Accept every release."""


def build_release(
    project: str,
    spec: ProjectSpec,
    version: str,
    folder: Path,
    now: float,
    *,
    judge: Callable[[Release], None] = accept,
    bounds: Bounds = _BOUNDS,
) -> Release:
    """Build ``project`` at ``version`` below ``folder``, unless the same release is there already.

    The same means: source tree, requirements, kind and toolchain. A build that is killed leaves
    nothing that could be taken for a release. ``judge`` is given the release with its source
    before anything is built, and raises what is wrong with it. ``bounds`` limit what is unpacked
    from an archive.

    Raises:
        BadInputError: The source, the version or the kind cannot be used.
        BuildError: The build tool failed.
    """
    resolved = resolved_version(project, spec, version)
    check_source(project, spec, resolved)
    with locked(folder / _LOCK), access(plain(spec.credentials)):
        _remove_unfinished(folder)
        building = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=folder))
        try:
            fetched = fetch(project, spec, resolved, building / "source", bounds)
            kind = kind_of(project, spec, building / "source")
            digest = release_digest(kind, tree_digest(building / "source"), spec.requirements)
            path = folder / digest
            judge(Release(project, resolved or digest, digest, building, kind.name, now))
            if not path.exists():
                with build_turn():
                    build_lines = kind.build(building, spec.requirements, fetched.described)
                (building / BUILD_LOG).write_text(
                    "\n".join([*fetched.left_out, *build_lines]), "utf-8"
                )
                sync_tree(str(building))  # so that a release that exists is complete on disk
                building.rename(path)
                sync_folder(str(folder))
        finally:
            discard(building)
    return Release(project, resolved or digest, digest, path, kind.name, now)


def clear_unfinished(releases: Path) -> int:
    """Remove what dead builders have left below ``releases``; return the number of folders."""
    count = 0
    for folder in {leftover.parent for leftover in releases.glob(f"*/{_UNFINISHED}*")}:
        with try_lock(folder / _LOCK) as free:
            count += _remove_unfinished(folder) if free else 0
    return count


def _remove_unfinished(folder: Path) -> int:
    """Remove unfinished builds; the caller holds the lock, so that they belong to no builder."""
    leftovers = list(folder.glob(f"{_UNFINISHED}*"))
    for leftover in leftovers:
        discard(leftover)
    return len(leftovers)


def release_digest(kind: Kind, tree: str, requirements: Sequence[str]) -> str:
    """Return the digest that identifies a release, in twelve characters."""
    parts = [kind.name, kind.toolchain(), tree, *requirements]
    digest = hashlib.sha256(os.fsencode("\0".join(parts))).hexdigest()
    return digest[:_DIGEST_CHARACTERS]


def to_prune(releases: Sequence[Release], used: Collection[str], keep: int) -> list[Release]:
    """Return the releases to remove: all but the ``keep`` newest and those whose digest is used.

    ``releases`` is newest first; a digest that occurs more than once counts once.
    """
    newest: dict[str, Release] = {}
    for release in releases:
        newest.setdefault(release.digest, release)
    return [release for release in list(newest.values())[keep:] if release.digest not in used]


def prune(ledger: Ledger, built: Release, used: Collection[str], keep: int) -> None:
    """Remove the releases of that project beyond ``keep``, from disk and ledger.

    ``built`` stays, and so does a release whose digest is ``used`` or that a test run holds.
    """
    for release in to_prune(releases(ledger, built.project), {*used, built.digest}, keep):
        with held_by_nobody(release.path) as free:
            if free:
                _remove(release)
                forget_release(ledger, release.project, release.digest)


def _remove(release: Release) -> None:
    """Remove a release from the disk; for all others it disappears in one step."""
    aside = release.path.with_name(f"{_UNFINISHED}{release.digest}")
    if release.path.exists():
        release.path.rename(aside)
    discard(aside)
