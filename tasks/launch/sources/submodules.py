"""Submodules: other repositories at a commit of their own, written to their paths in the tree."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from blocks import tree
from blocks.removal import discard
from tasks.errors import BadInputError
from tasks.launch.sources import git
from tasks.launch.sources.repository import GitEntry, GitRepository, clone, write

_ON_THIS_MACHINE = re.compile(r"^(file://|/)")


@dataclass(frozen=True, slots=True)
class Submodule:
    """One entry of `.gitmodules`."""

    name: str
    path: str = ""
    url: str = ""


def write_with_submodules(
    field: str, repository: GitRepository, commit: str, target: Path, prefix: str = ""
) -> None:
    """Write the tree of ``commit`` below ``prefix`` to ``target``, all its submodules in it.

    Raises:
        BadInputError: It, or a submodule, cannot be read.
    """
    links = write(field, repository, commit, target, prefix)
    declared = _declared(repository, commit) if links else {}
    for link in links:
        if link.path not in declared:
            problem = "is a repository of its own without an address in .gitmodules"
            remedy = "Add it with `git submodule add`, or commit its files."
            raise BadInputError(field, link.path, problem, remedy)
        inside = target / PurePosixPath(link.path).relative_to(prefix or ".")
        _write_submodule(field, repository, declared[link.path], link, inside)


def missing_submodule(field: str, folder: Path, path: str) -> BadInputError:
    """Return the error of a submodule of the working tree ``folder`` that was never fetched."""
    remedy = f"git -C {folder} submodule update --init --recursive"
    return BadInputError(field, path, "is a submodule that is not there", remedy)


def _write_submodule(
    field: str, parent: GitRepository, submodule: Submodule, link: GitEntry, target: Path
) -> None:
    if target.is_dir():  # Git makes an empty folder at the path of a submodule
        target.rmdir()
    tree.make(target.parent)
    beside = Path(tempfile.mkdtemp(dir=target.parent, prefix=".submodule-"))
    try:
        repository = _fetched_before(parent, submodule, link.link)
        if repository is None:
            repository = _fetched_now(field, parent, submodule, link.link, beside / "git")
        write_with_submodules(field, repository, link.link, beside / "files")
        (beside / "files").rename(target)
    finally:
        discard(beside)


def _fetched_now(
    field: str, parent: GitRepository, submodule: Submodule, commit: str, copy: Path
) -> GitRepository:
    url = absolute(submodule.url, parent.address)
    files = bool(_ON_THIS_MACHINE.match(parent.address))
    repository = clone(f"{field}, submodule {submodule.path}", url, copy, files=files)
    # Most servers serve a commit that no branch leads to any more.
    git.ask(f"--git-dir={repository.folder}", "fetch", "--quiet", "origin", commit, online=True)
    return repository


def _fetched_before(
    parent: GitRepository, submodule: Submodule, commit: str
) -> GitRepository | None:
    """Return the repository that a local working tree has of a submodule, if it has the commit."""
    folder = parent.folder / "modules" / submodule.name
    if ".." in PurePosixPath(submodule.name).parts or not (folder / "objects").is_dir():
        return None
    has_commit = git.ask(f"--git-dir={folder}", "cat-file", "-e", f"{commit}^{{commit}}").code == 0
    return GitRepository(folder, absolute(submodule.url, parent.address)) if has_commit else None


def _declared(repository: GitRepository, commit: str) -> Mapping[str, Submodule]:
    """Return the submodules that `.gitmodules` has at ``commit``, by their path."""
    arguments = ("config", "-z", "--blob", f"{commit}:.gitmodules", "--list")
    answer = git.ask(f"--git-dir={repository.folder}", *arguments)
    return by_path(answer.output.decode(errors="replace").split("\0"))


def by_path(lines: Sequence[str]) -> Mapping[str, Submodule]:
    r"""Return the submodules of `git config -z --list`: `submodule.<name>.<key>\n<value>` each."""
    values_by_name: dict[str, dict[str, str]] = {}
    for line in lines:
        setting, _, value = line.partition("\n")
        section, _, rest = setting.partition(".")
        name, _, key = rest.rpartition(".")
        if section == "submodule" and key in {"path", "url"}:
            values_by_name.setdefault(name, {})[key] = value
    submodules = (Submodule(name, **values) for name, values in values_by_name.items())
    return {submodule.path: submodule for submodule in submodules}


def absolute(url: str, address: str) -> str:
    """Return ``url`` as it is, or resolved against ``address`` where it starts with a dot."""
    if not url.startswith(("./", "../")):
        return url
    base, rest = address.rstrip("/"), url
    while rest.startswith(("./", "../")):
        if rest.startswith("../"):
            base = base[: max(base.rfind("/"), base.rfind(":"))]
        rest = rest.partition("/")[2]
    return f"{base}/{rest}"
