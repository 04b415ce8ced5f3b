"""Keeps credentials out of everything that is shown or stored."""

from __future__ import annotations

import re
from collections.abc import Iterable

_USER_INFO = re.compile(r"(https?://)[^/@\s]+@")
_SHORTEST = 4


def without_user_info(text: str) -> str:
    """Return ``text`` without the user and password that stand in its http URLs."""
    return _USER_INFO.sub(r"\1", text)


def redacted(text: str, secrets: Iterable[str]) -> str:
    """Return ``text`` without ``secrets`` (of four characters and more) and URL passwords."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST:
            text = text.replace(secret, "***")
    return without_user_info(text)
