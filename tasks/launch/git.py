"""Reads source trees from Git, by its own program; nothing is ever asked on a terminal."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from blocks.redaction import without_user
from tasks.errors import BadInputError, MissingProgramError

_URL = re.compile(r"^(https?|ssh|git|file)://|^[\w.-]+@[\w.-]+:")
_QUIET = {"GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh"}


def is_git_url(source: str) -> bool:
    """Tell whether ``source`` is the address of a repository."""
    return bool(_URL.match(source))


def is_tracked(folder: Path) -> bool:
    """Tell whether ``folder`` holds files of a Git working tree, itself or as part of one."""
    if shutil.which("git") is None:
        return False
    return bool(_run("-C", str(folder), "ls-files", "--", ".").stdout)


def files_of(folder: Path) -> list[Path]:
    """Return what Git would add or has in ``folder``, relative to it: all but the ignored."""
    listed = _run("-C", str(folder), "ls-files", "-z", "-co", "--exclude-standard", "--", ".")
    return [Path(name) for name in dict.fromkeys(listed.stdout.split("\0")) if name]


def export(field: str, folder: Path, reference: str, target: Path) -> None:
    """Write the committed state of ``folder`` at a branch, tag or commit to ``target``.

    Not by `git archive`, which leaves out what is marked export-ignore: often the tests.
    """
    commit = _commit(field, folder, reference)
    prefix = _run("-C", str(folder), "rev-parse", "--show-prefix").stdout.strip()
    index = target.with_name(f"{target.name}.index")
    read = _run("-C", _top(folder), "read-tree", f"{commit}:{prefix}", index=index)
    if read.returncode != 0:
        raise BadInputError(
            field,
            reference,
            f"{folder} is not part of that version ({read.stderr.strip()})",
            "Name a branch, tag or commit that has it.",
        )
    target.mkdir(parents=True, exist_ok=True)
    _run("-C", _top(folder), "checkout-index", "--all", f"--prefix={target}/", index=index)
    index.unlink()


def clone(field: str, url: str, reference: str, target: Path) -> None:
    """Write the repository at ``url`` to ``target``, at ``reference`` (empty: its default).

    Raises:
        BadInputError: It cannot be read, or has no such branch, tag or commit.
        MissingProgramError: git is not installed.
    """
    copy = target.with_name(f"{target.name}.git")
    cloned = _run("clone", "--quiet", "--no-checkout", "--", url, str(copy))
    if cloned.returncode != 0:
        raise BadInputError(
            field,
            without_user(url),
            f"the repository cannot be read ({without_user(cloned.stderr.strip())})",
            "Check the address, and that this machine may read it without being asked.",
        )
    export(field, copy, reference or "HEAD", target)
    shutil.rmtree(copy)


def _commit(field: str, folder: Path, reference: str) -> str:
    for name in (f"refs/remotes/origin/{reference}", reference):
        found = _run(
            *("-C", str(folder), "rev-parse", "--quiet", "--verify", "--end-of-options"),
            f"{name}^{{commit}}",
        )
        if found.returncode == 0:
            return found.stdout.strip()
    tags = _run("-C", str(folder), "tag", "--sort=-creatordate").stdout.split()[:10]
    raise BadInputError(
        field,
        reference,
        "no branch, tag or commit of that name",
        f"Its newest tags are: {', '.join(tags) or 'none'}.",
    )


def _top(folder: Path) -> str:
    return _run("-C", str(folder), "rev-parse", "--show-toplevel").stdout.strip()


def _run(*arguments: str, index: Path | None = None) -> subprocess.CompletedProcess[str]:
    if shutil.which("git") is None:
        raise MissingProgramError("git", "apt-get install git (macOS: xcode-select --install)")
    environment = os.environ | _QUIET | ({"GIT_INDEX_FILE": str(index)} if index else {})
    return subprocess.run(
        ["git", *arguments], check=False, capture_output=True, text=True, env=environment
    )
