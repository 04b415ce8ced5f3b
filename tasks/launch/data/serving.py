"""The trees that services run in: a copy of the release for each environment, its data linked in.

Tests, and services of other environments, run in other copies: none can change the live tree here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from blocks import durable_file
from blocks.removal import discard
from tasks.launch.copies import copy_release
from tasks.launch.data.carrying import carried_paths, carry, is_database, link_afresh
from tasks.launch.data.seeds import renewed
from tasks.launch.data.written import WrittenTree, written
from tasks.launch.holding import held_by_nobody
from tasks.release import Release

_RECORD = "carried.json"
_DOOMED = ".doomed-"


@dataclass(frozen=True, slots=True)
class Carried:
    """The data that is carried over from tree to tree, recorded beside them.

    The record is read where the project's configuration is not available. ``found`` are databases
    that are not named under `data` and were written all the same. ``latest`` is the digest of the
    tree that was prepared last; ``kept`` the folder that links lead to. ``stateless`` is the
    project's setting. ``renewed`` are the files at kept paths that the latest release has and the
    one before had with other contents, or lacked.
    """

    kept: str
    named: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    latest: str = ""
    stateless: bool = False
    renewed: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """All carried paths, inside the project's folder."""
        return (*self.named, *self.unnamed(self.named))

    def unnamed(self, named: Collection[str]) -> list[str]:
        """Return the databases that were found and are not among the paths ``named``."""
        return [path for path in self.found if not _covered(path, named)]


@dataclass(frozen=True, slots=True)
class ServingTrees:
    """The trees of one project in one environment.

    Args:
        folder: The folder of the trees, each named by the digest of its release.
        releases: The folder of the project's releases, named likewise.
        kept: The folder that keeps the data inside the project's own folder.
        project: Name of the project.
        data: ``ProjectSpec.data``.
        stateless: ``ProjectSpec.stateless``: only what is named under `data` is carried over.
    """

    folder: Path
    releases: Path
    kept: Path
    project: str
    data: tuple[str, ...] = ()
    stateless: bool = False

    def prepare(self, release: Release, serving: str) -> Release:
        """Return ``release`` at the tree its services run in, which is made unless it is there.

        Data to carry over is moved out of the tree of the digest ``serving`` (empty: of the one
        that was prepared last) while its services run, and linked into both.

        Raises:
            BadInputError: `data` names what cannot be carried.
            CarryError: A database is locked for long, or there is no room.
        """
        record = self.record()
        leading = serving or record.latest
        carried = self._carried(record, leading, release.digest)
        if source := self._source_of(leading):
            carry(source, self.kept, carried.paths, leads=True)
        used = (self.folder / release.digest).exists()
        carried = replace(carried, renewed=self._renewed(record, carried, leading, used=used))
        tree = copy_release(release, self.folder / release.digest)
        if not used or leading != release.digest:
            link_afresh(tree.source, self.kept, carried.paths, used=used)
        self._write(carried)
        return tree

    def gather(self, serving: str) -> list[str]:
        """Move files that programs have renamed into the place of a link to the kept folder.

        Returns:
            The paths that were no longer links and could not be made links again.
        """
        record = self.record()
        source = self._source_of(serving or record.latest)
        return carry(source, self.kept, record.paths, leads=True) if source else []

    def written(self) -> list[WrittenTree]:
        """Return the trees with written data that is not carried over, and its paths."""
        if self.stateless:
            return []
        trees = [
            WrittenTree(tree.name, tree, written(tree, self.releases / tree.name))
            for tree in self.trees()
            if (self.releases / tree.name).is_dir()
        ]
        return [tree for tree in trees if tree.paths]

    def prune(self, used: Collection[str]) -> list[WrittenTree]:
        """Remove the trees of digests that are not ``used``, and that nobody holds.

        Trees with data in them are kept.

        Returns:
            The trees that are kept only for their data.
        """
        holding = {tree.digest: tree for tree in self.written() if tree.digest not in used}
        for tree in self.trees():
            if tree.name in used or tree.name in holding:
                continue
            doomed = tree.with_name(f"{_DOOMED}{tree.name}")
            with held_by_nobody(tree) as free:
                if free:
                    tree.rename(doomed)
            discard(doomed)
        return list(holding.values())

    def trees(self) -> list[Path]:
        """Return the folders of the existing trees."""
        if not self.folder.is_dir():
            return []
        return sorted(
            path for path in self.folder.iterdir() if path.name[0] != "." and path.is_dir()
        )

    def record(self) -> Carried:
        """Return the data that is carried over here, as recorded when a tree was prepared last."""
        try:
            document = json.loads((self.folder / _RECORD).read_text("utf-8"))
        except FileNotFoundError:
            return Carried(str(self.kept))
        return Carried(
            os.path.normpath(self.folder / document["kept"]),
            tuple(document["named"]),
            tuple(document["found"]),
            document["latest"],
            document["stateless"],
            tuple(document.get("renewed", ())),
        )

    def _carried(self, record: Carried, leading: str, digest: str) -> Carried:
        """Return the data to carry over from now on: the named paths, and databases found beside."""
        named, databases = carried_paths(self.project, self.data), record.found
        tree, pristine = self.folder / leading, self.releases / leading
        if (
            leading not in {"", digest}
            and tree.is_dir()
            and pristine.is_dir()
            and not self.stateless
        ):
            paths = [path for path in written(tree, pristine) if path.startswith("source/")]
            databases += tuple(
                path.removeprefix("source/") for path in paths if is_database(tree / path)
            )
        return Carried(
            str(self.kept), named, tuple(dict.fromkeys(databases)), digest, self.stateless
        )

    def _renewed(
        self, record: Carried, carried: Carried, leading: str, *, used: bool
    ) -> tuple[str, ...]:
        """Return the files at kept paths that a new release changes; none for a known release."""
        if record.latest == carried.latest:
            return record.renewed
        former, source = (self.releases / digest for digest in (leading, carried.latest))
        if used or not leading or not former.is_dir():
            return ()
        return renewed(former / "source", source / "source", carried.paths)

    def _source_of(self, digest: str) -> Path | None:
        """Return the source that services of ``digest`` run in; None if it has no tree here."""
        source = self.folder / digest / "source"
        return source if digest and source.is_dir() else None

    def _write(self, carried: Carried) -> None:
        document = {
            "kept": os.path.relpath(carried.kept, self.folder),  # the home may be moved
            "named": carried.named,
            "found": carried.found,
            "latest": carried.latest,
            "stateless": carried.stateless,
            "renewed": carried.renewed,
        }
        durable_file.write(str(self.folder / _RECORD), json.dumps(document))


def recorded_trees(home: Path, project: str, environment: str) -> ServingTrees:
    """Return the trees of a project as they were recorded when the last one was prepared."""
    trees = ServingTrees(
        home / "serving" / project / environment, home / "releases" / project, Path(), project
    )
    record = trees.record()
    return replace(trees, kept=Path(record.kept), data=record.named, stateless=record.stateless)


def digests_of_trees(folder: Path) -> set[str]:
    """Return the digests of all trees of a project, whatever their environment."""
    return {path.name for path in folder.glob("*/*") if path.name[0] != "." and path.is_dir()}


def _covered(path: str, named: Collection[str]) -> bool:
    return any(path == name or path.startswith(f"{name}/") for name in named)
