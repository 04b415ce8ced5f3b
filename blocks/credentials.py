"""Users and passwords of addresses: taken out of where they can be read, given to what needs them.

They travel in the environment or in a private file, never in an argument. Free of Prefect.
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
"""What is a host beyond doubt: a version that follows a path, e.g. `@v1.0`, is none."""
_WITH_SLASH = re.compile(r"[^\s/:@]*:(?!\d{1,5}/)")
"""What a user begins with whose password may hold `/`: no host with a port does."""


def apart(text: str) -> tuple[str, dict[str, str]]:
    """Return ``text`` without the users of its HTTP addresses, and these by address.

    The address of ``git+https://me:token@example.org/shop.git@v1`` is
    ``https://example.org/shop.git``.
    """
    found: dict[str, str] = {}

    def note(match: re.Match[str]) -> str:
        at = _end_of_user(match["rest"])
        if at is None:
            return match[0]
        rest = match["scheme"] + match["rest"][at + 1 :]
        address, *more = re.split(r"[?#{@]", rest, maxsplit=1)
        if more and rest[len(address)] == "{":
            address = f"{address.rpartition('/')[0]}/"
        found[address] = unquote(match["rest"][:at])
        return rest

    return _ADDRESS.sub(note, text), found


def _end_of_user(rest: str) -> int | None:
    """Return where the `@` stands that ends the user in what follows `://`; None: there is no user.

    A password may hold `@`, `/` and `:`, and a path may hold `@`. The first `@` that a host follows
    beyond doubt is it; else the last one before the path.
    """
    with_slash = bool(_WITH_SLASH.match(rest))
    before_path = len(re.split("[/?#]", rest, maxsplit=1)[0])
    marks = [at for at, character in enumerate(rest) if character == "@" and rest[at + 1 :]]
    possible = [at for at in marks if at < before_path or with_slash]
    if sure := [at for at in possible if _HOST.match(rest, at + 1)]:
        return sure[0]
    return max((at for at in possible if at < before_path), default=max(possible, default=None))


def together(text: str, users: Mapping[str, str]) -> str:
    """Return ``text`` with the users in it that `apart` has taken out of an address of it."""
    for address, user in users.items():
        scheme, _, rest = address.partition("://")
        name, colon, password = user.partition(":")
        said = f"{quote(name, safe='')}{colon}{quote(password, safe='')}"
        text = text.replace(address, f"{scheme}://{said}@{rest}", 1)
    return text


def without_credentials(
    source: str, requirements: Sequence[str]
) -> tuple[str, list[str], dict[str, str]]:
    """Return both without the users of their addresses, and these by address."""
    source, found = apart(source)
    cleaned = []
    for requirement in requirements:
        text, more = apart(requirement)
        cleaned.append(text)
        found |= more
    return source, cleaned, found


def plain(secrets: Any) -> dict[str, Any]:
    """Return the mapping that pydantic or Prefect keeps secret, or that was never a secret."""
    inside = secrets.get_secret_value() if hasattr(secrets, "get_secret_value") else secrets
    return {
        name: value.get_secret_value() if hasattr(value, "get_secret_value") else value
        for name, value in (inside or {}).items()
    }


def git_environment(credentials: Mapping[str, str]) -> dict[str, str]:
    """Return the variables by which Git shows each user to its own address, and to no other."""
    if not credentials:
        return {}
    variables = {"GIT_CONFIG_COUNT": str(len(credentials))}
    for number, (address, user) in enumerate(sorted(credentials.items())):
        header = base64.b64encode(_user_and_password(user, ":").encode()).decode()
        variables[f"GIT_CONFIG_KEY_{number}"] = f"http.{address}.extraHeader"
        variables[f"GIT_CONFIG_VALUE_{number}"] = f"Authorization: Basic {header}"
    return variables


def netrc(credentials: Mapping[str, str]) -> str:
    """Return the lines of a netrc file, which installers read the user of a host from.

    It knows no paths. Of several users of one host it holds one that is not meant for a repository
    of Git, which is told its own by `git_environment`.
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
