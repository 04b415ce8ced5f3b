"""Git working trees: whether a folder is in one, and the files it has as it stands."""

from __future__ import annotations

import os
from pathlib import Path

from tasks.errors import BadInputError
from tasks.launch.sources import git
from tasks.launch.sources.large_files import Pointers
from tasks.launch.sources.repository import local
from tasks.launch.sources.submodules import missing_submodule

_LINK = "160000"
_SKIPPED = "S"
TOOL_FOLDERS = frozenset(
    {
        ".git",
        ".hg",
        ".svn",
        ".slipway",
        ".venv",
        "venv",
        "node_modules",
        "__pycache__",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        ".hypothesis",
        ".tox",
        ".nox",
    }
)
"""Folders that tools make: never part of a source, unless Git has files in them."""


def is_checkout(field: str, folder: Path) -> bool:
    """Tell whether ``folder`` is a working tree of Git or a part of one that Git does not ignore.

    Raises:
        BadInputError: Git refuses to read it.
        MissingProgramError: It may be one, and git is not installed.
    """
    if not any(os.path.lexists(above / ".git") for above in (folder, *folder.parents)):
        return False
    inside = ("-C", str(folder))
    top = git.ask(*inside, "rev-parse", "--show-toplevel")
    if top.code != 0:
        nowhere = "not a git repository (or any" in top.error_text
        if nowhere and not os.path.lexists(folder / ".git"):
            return False
        raise git.refusal(field, str(folder), top)
    if os.path.lexists(folder / ".git"):
        return True
    tracked = git.read(field, str(folder), *inside, "ls-files", "-z", "--", ".").output
    return bool(tracked) or git.ask(*inside, "check-ignore", "--quiet", ".").code != 0


def files_of(field: str, folder: Path) -> list[Path]:
    """Return the files that Git has or would add, relative to ``folder``, with all submodules.

    Raises:
        BadInputError: Git refuses to read it, or a tracked file or submodule is not there.
    """
    inside = ("-C", str(folder), "ls-files", "-z")
    staged = git.read(field, str(folder), *inside, "--stage", "-t", "--", ".")
    new = git.read(field, str(folder), *inside, "--others", "--exclude-standard", "--", ".")
    paths = [path for line in _parts(staged) for path in _tracked(field, folder, line)]
    for name in _parts(new):
        if TOOL_FOLDERS.isdisjoint(Path(name).parts):
            nested = name.endswith("/")  # a repository of its own
            paths += _below(field, folder, name) if nested else [Path(name)]
    return [path for path in dict.fromkeys(paths) if os.path.lexists(folder / path)]


def resolve_pointers(field: str, folder: Path, target: Path, names: list[Path]) -> None:
    """Give the pointers of Git LFS among ``names``, copied to ``target``, their content.

    Raises:
        BadInputError: The content of one cannot be had.
    """
    repository = local(field, folder)
    pointers = Pointers(field, repository.common, repository.address, target, "HEAD")
    pointers.resolve([str(name) for name in names], ("-C", str(folder)), {})


def _parts(answer: git.GitAnswer) -> list[str]:
    return [part for part in os.fsdecode(answer.output).split("\0") if part]


def _tracked(field: str, folder: Path, line: str) -> list[Path]:
    """Return the files of one line of the index: tag, mode, object, stage, a tab, path."""
    about, _, name = line.partition("\t")
    tag, mode, *_ = about.split(" ")
    exists = os.path.lexists(folder / name)
    if tag == _SKIPPED and not exists:
        remedy = f"git -C {folder} sparse-checkout disable, or ask for a version"
        raise BadInputError(field, name, "is left out of the working tree (sparse)", remedy)
    if mode != _LINK:
        return [Path(name)]
    if not os.path.lexists(folder / name / ".git"):
        raise missing_submodule(field, folder, name)
    return _below(field, folder, name)


def _below(field: str, folder: Path, name: str) -> list[Path]:
    return [Path(name) / path for path in files_of(field, folder / name)]
