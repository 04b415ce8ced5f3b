"""Fetching a project's source tree at a version, from a folder, an archive or Git."""

from __future__ import annotations

import errno
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from blocks import tree
from blocks.project_spec import ProjectSpec
from blocks.removal import remove
from tasks.errors import BadInputError, shortened
from tasks.launch.sources import git
from tasks.launch.sources.archive import is_archive, unpack
from tasks.launch.sources.checkout import is_checkout
from tasks.launch.sources.folder import copy
from tasks.launch.sources.members import Bounds
from tasks.launch.sources.repository import (
    clone,
    commit_of,
    described,
    is_bare,
    local,
    refuse_inside,
)
from tasks.launch.sources.submodules import write_with_submodules
from tasks.roots import real_path

_PLACEHOLDER = "{version}"
_PATH_CHARACTERS_SHOWN = 200
_INVALID_VERSION = re.compile(
    r"[\x00-\x20\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff~^:?*\[\\]"
    r"|\.\.|@\{|//|^[-/.]|/\.|[/.]$|\.lock(/|$)|^@$"
)
"""What Git forbids in names of branches and tags (git-check-ref-format), and what hides text."""
_VERSION_CHARACTERS = 200
_CHUNK_BYTES = 1 << 20
_BOUNDS = Bounds()


@dataclass(frozen=True, slots=True)
class Fetched:
    """What is known of a fetched tree beside its files.

    ``described`` is its version where no manifest in it states one: in Git by `git describe`, else
    the requested version. ``left_out`` has a sentence for each file that is not in it.
    """

    described: str
    left_out: tuple[str, ...] = ()


def resolved_version(project: str, spec: ProjectSpec, version: str) -> str:
    """Return the version meant by ``version`` (empty: the project's own); empty: as it stands.

    Every name that Git allows for a branch or tag is a version.
    """
    resolved = version or spec.version
    if _INVALID_VERSION.search(resolved) or len(resolved) > _VERSION_CHARACTERS:
        raise BadInputError(
            "version",
            resolved,
            "no version",
            f"Write the name of a branch, tag or commit, of at most {_VERSION_CHARACTERS} characters.",
        )
    if _PLACEHOLDER in spec.source and not resolved:
        raise BadInputError(
            "version",
            resolved,
            f"the source of {project} has the placeholder {_PLACEHOLDER}",
            f"Ask for a version, or write one at projects.{project}.version.",
        )
    return resolved


def fetch(
    project: str, spec: ProjectSpec, version: str, target: Path, bounds: Bounds = _BOUNDS
) -> Fetched:
    """Write the source tree of ``project`` at ``version`` to the folder ``target``.

    ``version`` is as `resolved_version` gives it; ``bounds`` limit what is unpacked from an archive.

    Raises:
        BadInputError: There is no such source or version, or it cannot be read.
        MissingProgramError: It is in Git, and git is not installed.
    """
    check_source(project, spec, version)
    field = f"projects.{project}.source"
    if git.is_git_url(spec.source):
        return Fetched(
            _from_address(field, spec.source.replace(_PLACEHOLDER, version), version, target)
        )
    path = _path(field, spec, version)
    with _named(field, path):
        if path.is_dir() and is_bare(path):
            return Fetched(_from_bare(field, path, version, target))
        if version and _in_git(field, spec, path):
            return Fetched(_from_checkout(field, path, version, target))
        if path.is_dir():
            copy(field, path, target)
            head = _in_git(field, spec, path)
            return Fetched(described(local(field, path), "HEAD") if head else version)
        return Fetched(version, tuple(unpack(field, path, target, bounds)))


def _from_address(field: str, url: str, version: str, target: Path) -> str:
    cloned = clone(field, url, target.with_name(f"{target.name}.git"))
    commit = commit_of("version", cloned, version or "HEAD")
    write_with_submodules(field, cloned, commit, target)
    name = described(cloned, commit)
    remove(cloned.folder)
    return name


def _from_checkout(field: str, folder: Path, version: str, target: Path) -> str:
    repository = local(field, folder)
    prefix = git.read(field, str(folder), "-C", str(folder), "rev-parse", "--show-prefix").line
    commit = commit_of("version", repository, version)
    write_with_submodules(field, repository, commit, target, prefix.rstrip("/"))
    return described(repository, commit)


def _from_bare(field: str, folder: Path, version: str, target: Path) -> str:
    repository = local(field, folder)
    commit = commit_of("version", repository, version or "HEAD")
    write_with_submodules(field, repository, commit, target)
    return described(repository, commit)


def check_source(project: str, spec: ProjectSpec, version: str) -> None:
    """Refuse a folder or an archive that does not exist at ``version``; Git is asked when fetching.

    Raises:
        BadInputError: There is no such source or version, or it cannot be read.
    """
    if git.is_git_url(spec.source):
        return
    field = f"projects.{project}.source"
    path = _path(field, spec, version)
    with _named(field, path):
        if not path.exists():
            problem = "there is no such file or folder"
            raise BadInputError(field, str(path), problem, "Check path and version.")
        if path.is_dir():
            refuse_inside(field, path)
        if not path.is_dir() and not (path.is_file() and is_archive(path)):
            problem, remedy = "neither a folder nor an archive", "Use a folder, .tar.gz or .zip."
            raise BadInputError(field, str(path), problem, remedy)
        if not os.access(path, os.R_OK | os.X_OK if path.is_dir() else os.R_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        if _PLACEHOLDER in spec.source or version == spec.version or _in_git(field, spec, path):
            return
    raise BadInputError(
        "version",
        version,
        f"{path} is one version only",
        f"Ask for no version, write {_PLACEHOLDER} where it stands in the path, or use Git.",
    )


def tree_digest(root: Path) -> str:
    """Return the SHA-256 of names, contents, modes and links of everything below ``root``."""
    digest = hashlib.sha256()
    names = [
        f"{folder}/{name}".removeprefix(f"{root}/")
        for folder, folders, files in tree.walk(root, tree.raise_error)
        for name in (*folders, *files)
    ]
    for name in sorted(names, key=lambda name: name.split("/")):
        path = root / name
        if path.is_symlink():
            digest.update(os.fsencode(f"link {name}\0{path.readlink()}\0"))
        elif path.is_file():
            executable = os.access(path, os.X_OK)
            digest.update(os.fsencode(f"file {name}\0{executable}\0{path.stat().st_size}\0"))
            with path.open("rb") as file:
                while content := file.read(_CHUNK_BYTES):
                    digest.update(content)
    return digest.hexdigest()


def _path(field: str, spec: ProjectSpec, version: str) -> Path:
    return real_path(field, Path(spec.source.replace(_PLACEHOLDER, version)))


def _in_git(field: str, spec: ProjectSpec, path: Path) -> bool:
    """Tell whether ``path`` has versions in Git, and the version is not part of its name."""
    if not path.is_dir() or _PLACEHOLDER in spec.source:
        return False
    return is_bare(path) or is_checkout(field, path)


@contextmanager
def _named(field: str, path: Path) -> Iterator[None]:
    """Raise BadInputError with the file of ``path`` that cannot be read, or reached."""
    try:
        yield
    except PermissionError as error:
        raise BadInputError(
            field, str(path), f"{error.filename} cannot be read", "Let this user read it."
        ) from error
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        longest = shortened(str(error.filename), _PATH_CHARACTERS_SHOWN)
        problem = f"a path in it is longer than the system allows, here or at its copy ({longest})"
        remedy = "Remove what lies so deep, or give it shorter names."
        raise BadInputError(field, str(path), problem, remedy) from error
