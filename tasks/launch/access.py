"""The credentials of Git and installers during a build; they are never passed in an argument."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from blocks.credentials import apart, git_environment, netrc
from blocks.redaction import redact


@dataclass(frozen=True, slots=True)
class _Access:
    """Users by address, and the variables by which programs get them."""

    users: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)


_CURRENT: ContextVar[_Access] = ContextVar("access", default=_Access())  # noqa: B039 - it is frozen


@contextmanager
def access(credentials: Mapping[str, str]) -> Iterator[None]:
    """Give programs that run meanwhile ``credentials`` (users by address), each for its address.

    Git reads them from its environment, installers from a netrc file that only this user may
    read. It begins with these users, and those of the user's own netrc follow.
    """
    if not credentials:
        yield
        return
    with tempfile.NamedTemporaryFile("w", prefix="slipway-netrc-", encoding="utf-8") as file:
        users = {**_CURRENT.get().users, **credentials}
        file.write(netrc(users) + _own_netrc())
        file.flush()
        token = _CURRENT.set(_Access(users, git_environment(users) | {"NETRC": file.name}))
        try:
            yield
        finally:
            _CURRENT.reset(token)


def access_variables() -> dict[str, str]:
    """Return the environment variables that hold the credentials; none outside of `access`."""
    return dict(_CURRENT.get().variables)


def without_users(arguments: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Return ``arguments`` without the users in their addresses, and these users by address.

    Every user of this machine can read the arguments of a process.
    """
    parts = [apart(argument) for argument in arguments]
    users = {address: user for _, part_users in parts for address, user in part_users.items()}
    return [text for text, _ in parts], users


def redacted(text: str) -> str:
    """Return ``text`` without the passwords of `access`, and without those of its addresses."""
    users = _CURRENT.get().users.values()
    words = {unquote(word) for user in users for word in (user, user.partition(":")[2] or user)}
    return redact(text, words)


def _own_netrc() -> str:
    path = Path(os.environ.get("NETRC") or Path.home() / ".netrc")
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
