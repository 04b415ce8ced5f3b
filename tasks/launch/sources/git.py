"""Runs git with a time limit, no terminal, no hooks and none of Slipway's own variables."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from blocks.providers.process.bounded import Finished, run_bounded
from blocks.providers.process.inherited import inherited
from blocks.redaction import without_user
from tasks.cancellation import is_cancelled
from tasks.errors import BadInputError, MissingProgramError
from tasks.launch.access import access, access_variables, redacted, without_users
from tasks.launch.build_limit import current_limit

LIMIT_SECONDS = 900.0
MAX_BYTES = 2 * 1024**3
"""The most bytes that git may write: a file of Git LFS, or the names of all files."""
_URL = re.compile(r"^(https?|ssh|git|file)://|^[\w.-]+@[\w.-]+:")
_OWNER = re.compile(r"dubious ownership in repository at '(.+?)'")
_KEPT_VARIABLES = frozenset(
    {
        "SSH_AUTH_SOCK",
        "GIT_SSH",
        "GIT_SSH_COMMAND",
        "GIT_ASKPASS",
        "SSH_ASKPASS",
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_NOSYSTEM",
        "XDG_CONFIG_HOME",
        "SUDO_UID",
        "GIT_SSL_CAINFO",
        "GIT_SSL_CAPATH",
    }
)
"""The variables of our environment that git may see, beside those that every child gets."""
_QUIET = {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
_HARMLESS = {
    "core.fsmonitor": "false",  # else the source folder names a program that is run
    "core.hooksPath": "/dev/null",
    "core.quotePath": "false",
    "filter.lfs.process": "",  # see large_files: what cannot be fetched is refused by name
    "filter.lfs.smudge": "",
    "filter.lfs.required": "false",
}


@dataclass(frozen=True, slots=True)
class GitAnswer:
    """How git ended: its exit code, its output, and its error output."""

    code: int
    output: bytes
    error_text: str

    @property
    def line(self) -> str:
        """The output as text, without blanks around it."""
        return os.fsdecode(self.output).strip()


def is_git_url(source: str) -> bool:
    """Tell whether ``source`` is the address of a repository."""
    return bool(_URL.match(source))


def ask(
    *arguments: str,
    variables: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    limit_seconds: float = LIMIT_SECONDS,
    online: bool = False,
    filters: bool = False,
) -> GitAnswer:
    """Run git with ``arguments``, giving it ``stdin`` to read.

    ``online``: it speaks to a server, and gets the users of `access`. A command that only reads a
    repository gets none, as the repository's configuration may name ``filters``: programs to run.

    Raises:
        MissingProgramError: It is not installed.
    """
    if shutil.which("git") is None:
        raise MissingProgramError("git", "apt-get install git (macOS: xcode-select --install)")
    settings = [part for name, value in _HARMLESS.items() for part in ("-c", f"{name}={value}")]
    limit = current_limit()
    visible, users = without_users(arguments)
    with access(users if online else {}):
        credentials = access_variables() if online else {}
        run = _run if online or filters else _query
        finished = run(
            ["git", *settings, *visible],
            _environment() | credentials | dict(variables or {}),
            stdin,
            min(limit_seconds, limit.left),
        )
        error_text = redacted(finished.complaint.decode(errors="replace").strip())
    if finished.left_out:
        return GitAnswer(-1, b"", f"git {arguments[0]} wrote more than {MAX_BYTES} bytes")
    if finished.by_itself:
        return GitAnswer(finished.code, finished.output, error_text)
    timed_out = limit.left > 0 and not is_cancelled()
    reason = f"took more than {limit_seconds:g} s" if timed_out else f"was ended: {limit.reason}"
    return GitAnswer(-1, b"", f"git {arguments[0]} {reason}")


def read(
    field: str,
    value: str,
    *arguments: str,
    variables: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    online: bool = False,
    filters: bool = False,
) -> GitAnswer:
    """Run git like `ask`; it has to succeed.

    Raises:
        BadInputError: It failed; its error output is the problem.
    """
    answer = ask(*arguments, variables=variables, stdin=stdin, online=online, filters=filters)
    if answer.code != 0:
        raise refusal(field, value, answer)
    return answer


def refusal(field: str, value: str, answer: GitAnswer) -> BadInputError:
    """Return the error for a repository that git cannot read."""
    error_text = without_user(answer.error_text or f"it ended with {answer.code}")
    first = next(
        (line for line in error_text.splitlines() if line.startswith("fatal:")), error_text
    )
    remedy = "Check the address, and that this machine may read it without being asked."
    if owner := _OWNER.search(error_text):
        remedy = f"Where you trust it: git config --global --add safe.directory {owner[1]}"
    reason = first.removeprefix("fatal:").strip()
    return BadInputError(field, without_user(value), f"git cannot read it ({reason})", remedy)


def _run(
    argv: Sequence[str], environment: Mapping[str, str], stdin: bytes, limit_seconds: float
) -> Finished:
    """Run a command that may take long and start other programs: bounded, with all it starts."""
    return run_bounded(
        argv,
        environment,
        given=stdin,
        limit_seconds=limit_seconds,
        cancelled=is_cancelled,
        max_bytes=MAX_BYTES,
    )


def _query(
    argv: Sequence[str], environment: Mapping[str, str], stdin: bytes, limit_seconds: float
) -> Finished:
    """Run a short command that starts no other program; bounding it would take much longer."""
    try:
        completed = subprocess.run(
            argv,
            env=environment,
            input=stdin,
            capture_output=True,
            timeout=max(limit_seconds, 0.0),
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Finished(-1, b"", b"", by_itself=False)
    return Finished(completed.returncode, completed.stdout, completed.stderr, by_itself=True)


def _environment() -> dict[str, str]:
    git_variables = {name: value for name, value in os.environ.items() if name in _KEPT_VARIABLES}
    allowed = {"GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh"}
    return inherited(os.environ, tools=False) | git_variables | _QUIET | allowed
