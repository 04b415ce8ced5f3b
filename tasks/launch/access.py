"""Whom Git and installers say they are while a release is made, without a word in an argument."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from blocks.credentials import git_environment, netrc

_VARIABLES: ContextVar[Mapping[str, str] | None] = ContextVar("access", default=None)


@contextmanager
def access(credentials: Mapping[str, str]) -> Iterator[None]:
    """Let what is run meanwhile show each of ``credentials`` (users by address) to its address.

    Git is told by its environment, installers by a netrc file that only this user may read, which
    begins with these users and goes on with those of the user's own.
    """
    if not credentials:
        yield
        return
    with tempfile.NamedTemporaryFile("w", prefix="slipway-netrc-", encoding="utf-8") as file:
        file.write(netrc(credentials) + _own_netrc())
        file.flush()
        token = _VARIABLES.set(git_environment(credentials) | {"NETRC": file.name})
        try:
            yield
        finally:
            _VARIABLES.reset(token)


def access_variables() -> dict[str, str]:
    """Return the environment variables of it; none outside of `access`."""
    return dict(_VARIABLES.get() or {})


def _own_netrc() -> str:
    path = Path(os.environ.get("NETRC") or Path.home() / ".netrc")
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
