"""Finds the line of a log that says why something failed, often not the last one; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

# What Python, Node, Ruby, Java, Go, Rust, C and shells write when they give up.
_REASON = re.compile(
    r"""(?x)
    ^\s*(?:[\w.]+\.)?\w*(?:Error|Exception|Exit)\b\s*[:(\[]   # ModuleNotFoundError: ...
    | \b(?:error|fatal|panic|ERROR|FATAL|CRITICAL)\b\s*[:\]]  # fatal: ..., error: ..., [ERROR] ...
    | ^\s*Error\b
    | \b(?:EADDRINUSE|EACCES|ENOENT|ECONNREFUSED)\b
    | \b(?:command\ not\ found|No\ such\ file\ or\ directory|Permission\ denied)\b
    """
)
# Lines of programs that only ran the one which failed.
_ECHO = re.compile(r"^\s*(?:npm|pnpm|yarn|error Command failed|ELIFECYCLE|make(?:\[\d+\])?:)")


def reason(lines: Sequence[str]) -> int | None:
    """Return the index of the line that says why; None if none does."""
    numbers = [number for number, line in enumerate(lines) if _REASON.search(line)]
    own = [number for number in numbers if not _ECHO.search(lines[number])]
    telling = own or numbers
    return telling[-1] if telling else None


def with_reason(lines: Sequence[str], count: int) -> list[str]:
    """Return the last ``count`` of ``lines``, after the one that says why if it is earlier."""
    first = max(0, len(lines) - count)
    number = reason(lines)
    if number is None or number >= first:
        return list(lines[first:])
    gap = ["..."] if number < first - 1 else []
    return [lines[number], *gap, *lines[first:]]
