"""The keys and descriptions of artifacts, as Prefect's UI lists them. Pure.

The page of a key shows every artifact that has it, so that a key names what its artifacts are
about: a project, an environment, a workload.
"""

from __future__ import annotations

import hashlib
import re

MAX_KEY = 150
"""Characters. Prefect sets no limit; a longer key does not fit the lists of its UI."""
MAX_DESCRIPTION = 120
"""Characters; a longer one breaks the lists of the UI into several lines."""
_DIGEST_DIGITS = 8
_PLAIN = re.compile(r"([a-z0-9]+(-[a-z0-9]+)*)?")
"""A name of a project or environment, which is a part of a key as it is."""


def artifact_key(kind: str, *names: str) -> str:
    """Return the key of the artifacts of a ``kind`` that are about ``names``.

    E.g. `ship-guestbook-dev`, or `ship--my-shop--dev` where a name has a dash itself. Names at the
    end that are empty are left out. Different names never get the same key: one with characters
    that Prefect refuses in a key, and a key that is too long, are told apart by a digest.
    """
    parts = [_part(name) for name in names]
    while parts and not parts[-1]:
        parts.pop()
    joint = "--" if any("-" in part for part in parts) else "-"
    key = joint.join([kind, *parts])
    if len(key) <= MAX_KEY:
        return key
    return f"{key[: MAX_KEY - _DIGEST_DIGITS - 1]}-{_digest(key)}"


def one_line(text: str) -> str:
    """Return ``text`` as a description: one line, cut where it is too long for a list."""
    line = " ".join(text.split())
    return line if len(line) <= MAX_DESCRIPTION else f"{line[: MAX_DESCRIPTION - 1]}…"


def _part(name: str) -> str:
    if _PLAIN.fullmatch(name):
        return name
    readable = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return f"{readable}-{_digest(name)}".lstrip("-")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_DIGITS]
