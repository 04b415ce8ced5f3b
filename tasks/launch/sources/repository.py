"""A Git repository as a source: which commit a name means, and its tree written to a folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from blocks.redaction import without_user
from blocks.removal import discard
from blocks.tree import make
from tasks.errors import BadInputError
from tasks.launch.sources import git, large_files
from tasks.narration import doing

_LINK = "160000"
"""The mode of an entry that is a commit of another repository: a submodule."""
_TAGS_NAMED = 10


@dataclass(frozen=True, slots=True)
class GitRepository:
    """A repository: its Git folder, and the base address of relative submodule addresses.

    ``ours`` tells that it was cloned for this one build, so that more may be fetched into it.
    """

    folder: Path
    address: str
    ours: bool = False

    @property
    def common(self) -> Path:
        """The Git folder that all its working trees share."""
        shared = self.folder / "commondir"
        return (
            (self.folder / shared.read_text().strip()).resolve() if shared.exists() else self.folder
        )


@dataclass(frozen=True, slots=True)
class GitEntry:
    """One path of a commit; ``link`` is the commit of a submodule at that path."""

    path: str
    link: str = ""


def is_bare(folder: Path) -> bool:
    """Tell whether ``folder`` is the Git folder of a repository or of one of its worktrees."""
    has_objects = (folder / "objects").is_dir() and (folder / "refs").is_dir()
    return (folder / "HEAD").is_file() and (has_objects or (folder / "commondir").is_file())


def refuse_inside(field: str, folder: Path) -> None:
    """Refuse a folder inside a Git folder: nothing there is a file of a project.

    Raises:
        BadInputError: The folder is inside one.
    """
    if is_bare(folder):
        return
    above = (folder, *folder.parents)
    if git_folder := next(
        (parent for parent in above if parent.name == ".git" or is_bare(parent)), None
    ):
        repository = git_folder.parent if git_folder.name == ".git" else git_folder
        problem = "lies inside a repository of Git, where no files of a project are"
        raise BadInputError(
            field, str(folder), problem, f"Name the repository itself: {repository}"
        )


def local(field: str, folder: Path) -> GitRepository:
    """Return the repository that ``folder`` belongs to.

    Raises:
        BadInputError: Git refuses to read it.
    """
    git_folder = git.read(
        field, str(folder), "-C", str(folder), "rev-parse", "--absolute-git-dir"
    ).line
    origin = git.ask("-C", str(folder), "config", "--get", "remote.origin.url").line
    return GitRepository(Path(git_folder), origin or str(folder))


def clone(field: str, url: str, copy: Path, *, files: bool = True) -> GitRepository:
    """Clone ``url`` to ``copy``; without ``files``, an address on this machine is refused.

    Raises:
        BadInputError: It cannot be read.
    """
    allowed = {} if files else {"GIT_ALLOW_PROTOCOL": "git:http:https:ssh"}
    arguments = ("clone", "--quiet", "--bare", "--", url, str(copy))
    with doing(f"cloning {without_user(url)}"):
        git.read(field, url, *arguments, variables=allowed, online=True)
    return GitRepository(copy, url, ours=True)


def commit_of(field: str, repository: GitRepository, reference: str) -> str:
    """Return the commit that a tag, branch or commit name means.

    Raises:
        BadInputError: There is no such name, or it is a tag and a branch of different commits.
    """
    branch = reference.removeprefix("refs/heads/")
    tagged = _commit(repository, f"refs/tags/{reference}")
    headed = _commit(repository, f"refs/heads/{branch}") or _commit(
        repository, f"refs/remotes/origin/{branch}"
    )
    refuse_ambiguous_name(field, reference, tagged, headed)
    if commit := tagged or headed or _commit(repository, reference):
        return commit
    tags = git.ask(_of(repository), "tag", "--sort=-creatordate").line.split("\n")[:_TAGS_NAMED]
    newest = ", ".join(filter(None, tags)) or "none"
    problem = "no branch, tag or commit of that name"
    raise BadInputError(field, reference, problem, f"Its newest tags are: {newest}.")


def refuse_ambiguous_name(field: str, reference: str, tagged: str, headed: str) -> None:
    """Refuse a name that is a tag and a branch of different commits.

    Raises:
        BadInputError: It is both, so that the name is ambiguous.
    """
    if tagged and headed and tagged != headed:
        raise BadInputError(
            field,
            reference,
            f"a tag and a branch have that name ({tagged[:12]} and {headed[:12]})",
            f"Write refs/tags/{reference} or refs/heads/{reference}.",
        )


def described(repository: GitRepository, commit: str) -> str:
    """Return the name of ``commit`` by `git describe`; empty where git gives none."""
    return git.ask(_of(repository), "describe", "--tags", "--always", "--long", commit).line


def write(
    field: str, repository: GitRepository, commit: str, target: Path, prefix: str = ""
) -> list[GitEntry]:
    """Write the files of ``commit`` below ``prefix`` to ``target``; return its submodules.

    `git archive` would not do: it leaves out what is marked export-ignore, often the tests.

    Raises:
        BadInputError: There are no files, or not all of them could be written.
    """
    index, tree = target.with_name(f"{target.name}.index"), target.with_name(f"{target.name}.tree")
    tree.mkdir(parents=True)
    git_options = (_of(repository), f"--work-tree={tree}")
    in_tree = ("-C", str(tree), *git_options)
    variables = {"GIT_INDEX_FILE": str(index)}
    try:
        git.read(field, commit, *git_options, "read-tree", commit, variables=variables)
        # It is run in the tree, as outside of a working tree it lists nothing below a prefix.
        listing = git.read(
            field,
            commit,
            *in_tree,
            "ls-files",
            "-z",
            "--stage",
            "--full-name",
            "--",
            prefix or ".",
            variables=variables,
        )
        entries = _entries(listing.output)
        names = [entry.path for entry in entries if not entry.link]
        if not entries:
            problem = f"{prefix or 'the tree'} is not part of that version, or empty in it"
            raise BadInputError(field, commit, problem, "Name one that has it.")
        git.read(
            field,
            commit,
            *in_tree,
            "checkout-index",
            "-z",
            "--stdin",
            variables=variables,
            stdin=b"".join(os.fsencode(name) + b"\0" for name in names),
            filters=True,
        )
        _require_all(field, tree, names)
        pointers = large_files.Pointers(
            field, repository.common, repository.address, tree, commit, repository.ours
        )
        pointers.resolve(names, in_tree, variables)
        make(tree / prefix)  # of submodules only
        (tree / prefix).rename(target)
    finally:
        index.unlink(missing_ok=True)
        discard(tree)
    return [entry for entry in entries if entry.link]


def _entries(listing: bytes) -> list[GitEntry]:
    entries = {}
    for line in filter(None, os.fsdecode(listing).split("\0")):
        about, _, path = line.partition("\t")
        mode, commit, _ = about.split(" ")
        entries[path] = GitEntry(path, commit if mode == _LINK else "")
    return list(entries.values())


def _require_all(field: str, tree: Path, names: list[str]) -> None:
    lacking = [name for name in names if not os.path.lexists(tree / name)]
    if lacking:
        problem = f"{len(lacking)} of {len(names)} files could not be written"
        raise BadInputError(field, lacking[0], problem, "Rename it: this disk cannot hold it.")


def _commit(repository: GitRepository, name: str) -> str:
    """Return the commit that ``name`` means; empty if there is none."""
    arguments = ("rev-parse", "--quiet", "--verify", "--end-of-options", f"{name}^{{commit}}")
    answer = git.ask(_of(repository), *arguments)
    return answer.line if answer.code == 0 else ""


def _of(repository: GitRepository) -> str:
    return f"--git-dir={repository.folder}"
