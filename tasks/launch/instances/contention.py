"""Detects that a service could not start because another process holds what it needs; pure.

What serves runs on while its successor starts: where both need the same lock or port, the new one
never becomes healthy, whatever its health path is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_ADDRESS = re.compile(r"(?i)\baddress (?:is )?already in use\b|\bEADDRINUSE\b")
_LOCK = re.compile(
    r"""(?xi)
    \b(?:database|file|folder|directory|index|table|store)\b .{0,60} \b(?:is|are)\ locked\b
    | \b(?:failed|unable|could\ not|cannot|can't|couldn't)\b .{0,30} \block\b
    | \block\b .{0,40} \b(?:held|timed?\ ?out|timeout|already\ exists|unavailable)\b
    | \block\ ?file\b .{0,60} \b(?:exists|already)\b
    | \bBlockingIOError\b
    | \balready\ running\b
    | \banother\ (?:instance|process|server)\b .{0,40} \b(?:is|already|running|holds|has)\b
    | \bpid\ ?file\b .{0,60} \b(?:exists|already)\b
    """
)


def contention(lines: Iterable[str]) -> str:
    """Return what the last ``lines`` of a log say is held, with a remedy; empty if they do not."""
    log_lines = list(lines)
    if any(_ADDRESS.search(line) for line in log_lines):
        return _message("an address", "have each replica take its ports from $PORT, or port 0")
    if any(_LOCK.search(line) for line in log_lines):
        return _message("a lock", "have it share that lock, or take it once it has the traffic")
    return ""


def _message(resource: str, remedy: str) -> str:
    return (
        f"Its log says that it needs {resource} that another process holds. If that process is the "
        f"version that serves, the two cannot run side by side: `stop` it, then `launch` the new "
        f"one "
        f"(nobody can reach either meanwhile); or {remedy}."
    )
