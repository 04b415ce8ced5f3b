"""Where a project's source tree comes from: a folder, an archive or Git, at a version."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from blocks.project_spec import ProjectSpec
from tasks.errors import BadInputError
from tasks.launch import git
from tasks.launch.archive import is_archive, unpack

_PLACEHOLDER = "{version}"
_VERSION = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._+/-]*$")
_NEVER = frozenset(
    {
        *(".git", ".hg", ".svn", ".slipway", ".venv", "venv", "node_modules", "__pycache__"),
        *(".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", ".tox", ".nox"),
    }
)


def wanted_version(project: str, spec: ProjectSpec, version: str) -> str:
    """Return the version meant by ``version`` (empty: the project's own); empty: as it stands."""
    wanted = version or spec.version
    if wanted and (not _VERSION.match(wanted) or ".." in wanted):
        raise BadInputError(
            "version", wanted, "no version", "Use letters, digits and . _ + - / only."
        )
    if _PLACEHOLDER in spec.source and not wanted:
        raise BadInputError(
            "version",
            wanted,
            f"the source of {project} has the placeholder {_PLACEHOLDER}",
            f"Ask for a version, or write one at projects.{project}.version.",
        )
    return wanted


def fetch(project: str, spec: ProjectSpec, version: str, target: Path) -> None:
    """Write the source tree of ``project`` at ``version`` to the folder ``target``.

    ``version`` is as `wanted_version` gives it.

    Raises:
        BadInputError: There is no such source or version, or it cannot be read.
        MissingProgramError: It is in Git, and git is not installed.
    """
    check_source(project, spec, version)
    field = f"projects.{project}.source"
    if git.is_git_url(spec.source):
        git.clone(field, spec.source.replace(_PLACEHOLDER, version), version, target)
        return
    path = _path(spec, version)
    with _named(field, path):
        if _in_git(spec, path) and version:
            git.export("version", path, version, target)
        elif path.is_dir():
            _copy(path, target, git.files_of(path) if _in_git(spec, path) else None)
        else:
            unpack(field, path, target)


def check_source(project: str, spec: ProjectSpec, version: str) -> None:
    """Refuse a folder or an archive that is not there at ``version``; Git says so when it is read.

    Raises:
        BadInputError: There is no such source or version, or it cannot be read.
    """
    if git.is_git_url(spec.source):
        return
    field, path = f"projects.{project}.source", _path(spec, version)
    with _named(field, path):
        if not path.exists():
            problem = "there is no such file or folder"
            raise BadInputError(field, str(path), problem, "Check path and version.")
        if not path.is_dir() and not (path.is_file() and is_archive(path)):
            problem, remedy = "neither a folder nor an archive", "Use a folder, .tar.gz or .zip."
            raise BadInputError(field, str(path), problem, remedy)
        if _PLACEHOLDER in spec.source or version == spec.version or _in_git(spec, path):
            return
    raise BadInputError(
        "version",
        version,
        f"{path} is one version only",
        f"Ask for none, write {_PLACEHOLDER} where it stands in the path, or use Git.",
    )


def tree_digest(root: Path) -> str:
    """Return the SHA-256 of names, contents, modes and links of everything below ``root``."""
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            digest.update(f"link {name}\0{path.readlink()}\0".encode())
        elif path.is_file():
            executable = os.access(path, os.X_OK)
            digest.update(f"file {name}\0{executable}\0{path.stat().st_size}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _path(spec: ProjectSpec, version: str) -> Path:
    return Path(spec.source.replace(_PLACEHOLDER, version)).expanduser().resolve()


def _in_git(spec: ProjectSpec, path: Path) -> bool:
    return path.is_dir() and _PLACEHOLDER not in spec.source and git.is_tracked(path)


@contextmanager
def _named(field: str, path: Path) -> Iterator[None]:
    """Say which file of ``path`` cannot be read."""
    try:
        yield
    except PermissionError as error:
        raise BadInputError(
            field, str(path), f"{error.filename} cannot be read", "Let this user read it."
        ) from error


def _copy(folder: Path, target: Path, names: list[Path] | None) -> None:
    if names is None:
        _readable(folder)
        shutil.copytree(folder, target, symlinks=True, ignore=_ignore)
        return
    for name in names:
        if _NEVER.isdisjoint(name.parts) and os.path.lexists(folder / name):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            if not (folder / name).is_dir():  # a submodule
                shutil.copy2(folder / name, target / name, follow_symlinks=False)


def _readable(folder: Path) -> None:
    """Raise PermissionError for the folder itself; copytree wraps what it meets in its own."""
    for root, _, files in os.walk(folder, onerror=_raise):
        for name in files:
            path = Path(root) / name
            if not path.is_symlink() and not os.access(path, os.R_OK):
                raise PermissionError(13, "Permission denied", str(path))


def _raise(error: OSError) -> None:
    raise error


def _ignore(_: str, names: list[str]) -> set[str]:
    return {name for name in names if name in _NEVER or name.endswith(".pyc")}
