"""Submodules: other repositories at a commit of their own, written to where they stand."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from blocks import tree
from blocks.removal import discard
from tasks.errors import BadInputError
from tasks.launch import git
from tasks.launch.repository import Entry, Repository, clone, write

_ON_THIS_MACHINE = re.compile(r"^(file://|/)")


@dataclass(frozen=True, slots=True)
class Submodule:
    """One entry of `.gitmodules`."""

    name: str
    path: str = ""
    url: str = ""


def write_with_submodules(
    field: str, repository: Repository, commit: str, target: Path, prefix: str = ""
) -> None:
    """Write the tree of ``commit`` below ``prefix`` to ``target``, all its submodules in it.

    Raises:
        BadInputError: It, or a submodule, cannot be read.
    """
    links = write(field, repository, commit, target, prefix)
    known = _declared(repository, commit) if links else {}
    for link in links:
        if link.path not in known:
            problem = "is a repository of its own without an address in .gitmodules"
            remedy = "Add it with `git submodule add`, or commit its files."
            raise BadInputError(field, link.path, problem, remedy)
        inside = target / PurePosixPath(link.path).relative_to(prefix or ".")
        _write_one(field, repository, known[link.path], link, inside)


def missing_submodule(field: str, folder: Path, path: str) -> BadInputError:
    """Return the error of a submodule of the working tree ``folder`` that was never fetched."""
    remedy = f"git -C {folder} submodule update --init --recursive"
    return BadInputError(field, path, "is a submodule that is not there", remedy)


def _write_one(
    field: str, parent: Repository, submodule: Submodule, link: Entry, target: Path
) -> None:
    if target.is_dir():  # Git leaves an empty folder where it stands
        target.rmdir()
    tree.make(target.parent)
    beside = Path(tempfile.mkdtemp(dir=target.parent, prefix=".submodule-"))
    try:
        own = _fetched_before(parent, submodule, link.link)
        if own is None:
            own = _fetched_now(field, parent, submodule, link.link, beside / "git")
        write_with_submodules(field, own, link.link, beside / "files")
        (beside / "files").rename(target)
    finally:
        discard(beside)


def _fetched_now(
    field: str, parent: Repository, submodule: Submodule, commit: str, copy: Path
) -> Repository:
    url = absolute(submodule.url, parent.address)
    files = bool(_ON_THIS_MACHINE.match(parent.address))
    own = clone(f"{field}, submodule {submodule.path}", url, copy, files=files)
    # Most servers give a commit that no branch leads to any more.
    git.ask(f"--git-dir={own.folder}", "fetch", "--quiet", "origin", commit, online=True)
    return own


def _fetched_before(parent: Repository, submodule: Submodule, commit: str) -> Repository | None:
    """Return what a local working tree has of a submodule, where the commit is in it."""
    folder = parent.folder / "modules" / submodule.name
    if ".." in PurePosixPath(submodule.name).parts or not (folder / "objects").is_dir():
        return None
    there = git.ask(f"--git-dir={folder}", "cat-file", "-e", f"{commit}^{{commit}}").code == 0
    return Repository(folder, absolute(submodule.url, parent.address)) if there else None


def _declared(repository: Repository, commit: str) -> Mapping[str, Submodule]:
    """Return the submodules that `.gitmodules` has at ``commit``, by their path."""
    asked = ("config", "-z", "--blob", f"{commit}:.gitmodules", "--list")
    answer = git.ask(f"--git-dir={repository.folder}", *asked)
    return by_path(answer.output.decode(errors="replace").split("\0"))


def by_path(lines: Sequence[str]) -> Mapping[str, Submodule]:
    r"""Return the submodules of `git config -z --list`: `submodule.<name>.<key>\n<value>` each."""
    stated: dict[str, dict[str, str]] = {}
    for line in lines:
        place, _, value = line.partition("\n")
        section, _, rest = place.partition(".")
        name, _, key = rest.rpartition(".")
        if section == "submodule" and key in {"path", "url"}:
            stated.setdefault(name, {})[key] = value
    submodules = (Submodule(name, **values) for name, values in stated.items())
    return {submodule.path: submodule for submodule in submodules}


def absolute(url: str, address: str) -> str:
    """Return ``url`` as it is, or seen from ``address`` where it starts with a dot."""
    if not url.startswith(("./", "../")):
        return url
    base, rest = address.rstrip("/"), url
    while rest.startswith(("./", "../")):
        if rest.startswith("../"):
            base = base[: max(base.rfind("/"), base.rfind(":"))]
        rest = rest.partition("/")[2]
    return f"{base}/{rest}"
