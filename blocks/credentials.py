"""Separates users and passwords from addresses, and passes them to the programs that need them.

They are passed in the environment or in a private file, never in an argument. Free of Prefect.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote, urlsplit

_ADDRESS = re.compile(r"(?P<scheme>https?://)(?P<rest>\S+)", re.IGNORECASE)
_HOST = re.compile(
    r"(?:localhost|\d+(?:\.\d+){3}|[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}|\[[\da-f:.]+\])(?::\d+)?(?=[/?#])",
    re.IGNORECASE,
)
"""Matches only what is certainly a host: not a version that follows a path, e.g. `@v1.0`."""
_WITH_SLASH = re.compile(r"[^\s/:@]*:(?!\d{1,5}/)")
"""Matches the start of a user whose password may hold `/`; a host with a port does not match."""


def apart(text: str) -> tuple[str, dict[str, str]]:
    """Return ``text`` without the users of its HTTP addresses, and the users by address.

    The address of ``git+https://me:token@example.org/shop.git@v1`` is
    ``https://example.org/shop.git``.
    """
    users: dict[str, str] = {}

    def note(match: re.Match[str]) -> str:
        at = _end_of_user(match["rest"])
        if at is None:
            return match[0]
        rest = match["scheme"] + match["rest"][at + 1 :]
        address, *more = re.split(r"[?#{@]", rest, maxsplit=1)
        if more and rest[len(address)] == "{":
            address = f"{address.rpartition('/')[0]}/"
        users[address] = unquote(match["rest"][:at])
        return rest

    return _ADDRESS.sub(note, text), users


def _end_of_user(rest: str) -> int | None:
    """Return the index of the `@` that ends the user in what follows `://`; None without a user.

    A password may hold `@`, `/` and `:`, and a path may hold `@`. It is the first `@` that is
    certainly followed by a host; else the last one before the path.
    """
    with_slash = bool(_WITH_SLASH.match(rest))
    before_path = len(re.split("[/?#]", rest, maxsplit=1)[0])
    marks = [at for at, character in enumerate(rest) if character == "@" and rest[at + 1 :]]
    possible = [at for at in marks if at < before_path or with_slash]
    if sure := [at for at in possible if _HOST.match(rest, at + 1)]:
        return sure[0]
    return max((at for at in possible if at < before_path), default=max(possible, default=None))


def together(text: str, users: Mapping[str, str]) -> str:
    """Return ``text`` with the users put back that `apart` has removed from its addresses."""
    for address, user in users.items():
        scheme, _, rest = address.partition("://")
        name, colon, password = user.partition(":")
        credentials = f"{quote(name, safe='')}{colon}{quote(password, safe='')}"
        text = text.replace(address, f"{scheme}://{credentials}@{rest}", 1)
    return text


def without_credentials(
    source: str, requirements: Sequence[str]
) -> tuple[str, list[str], dict[str, str]]:
    """Return both without the users of their addresses, and the users by address."""
    source, users = apart(source)
    cleaned = []
    for requirement in requirements:
        text, further = apart(requirement)
        cleaned.append(text)
        users |= further
    return source, cleaned, users


def plain(secrets: Any) -> dict[str, Any]:
    """Return a mapping in plain text, whether pydantic or Prefect keeps it secret or not."""
    inside = secrets.get_secret_value() if hasattr(secrets, "get_secret_value") else secrets
    return {
        name: value.get_secret_value() if hasattr(value, "get_secret_value") else value
        for name, value in (inside or {}).items()
    }


def git_environment(credentials: Mapping[str, str]) -> dict[str, str]:
    """Return variables that make Git send each user to its own address, and to no other."""
    if not credentials:
        return {}
    variables = {"GIT_CONFIG_COUNT": str(len(credentials))}
    for number, (address, user) in enumerate(sorted(credentials.items())):
        header = base64.b64encode(_user_and_password(user, ":").encode()).decode()
        variables[f"GIT_CONFIG_KEY_{number}"] = f"http.{address}.extraHeader"
        variables[f"GIT_CONFIG_VALUE_{number}"] = f"Authorization: Basic {header}"
    return variables


def netrc(credentials: Mapping[str, str]) -> str:
    """Return the lines of a netrc file, from which installers read the user of a host.

    The format has no paths. If a host has several users, the file holds one that is not meant for a
    repository of Git, which gets its own from `git_environment`.
    """
    lines = {}
    for address, user in sorted(credentials.items(), key=_git_first):
        login, _, password = _user_and_password(user, ":").partition(":")
        host = urlsplit(address).hostname or address
        lines[host] = f"machine {host} login {login} password {password}\n"
    return "".join(lines.values())


def _git_first(user_by_address: tuple[str, str]) -> tuple[bool, str]:
    address, _ = user_by_address
    return not address.rstrip("/").endswith(".git"), address


def _user_and_password(user: str, between: str) -> str:
    return user if between in user else f"{user}{between}"
