"""The lines of a log that somebody may see: the last ones, or those after a position."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from blocks.printable import printable
from blocks.redaction import redactor_of, without_suspects

MAX_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class LogLines:
    """Lines without secrets, and the position in the log after the last whole one."""

    lines: tuple[str, ...] = ()
    end: int = 0


def log_lines(
    path: Path | None,
    most: int,
    since: int | None,
    secrets: Collection[str] | None,
    *,
    grows: bool = True,
) -> LogLines:
    """Return at most ``most`` lines; none without a file.

    Args:
        path: The log.
        most: How many lines.
        since: The ``end`` of earlier lines: the first whole ones after it, unless the log was begun
            anew since. None: the last ones.
        secrets: What to hide; None: it is not known, so whatever looks like a secret is hidden.
        grows: Whether its program still writes: then a last line without an end is left out, as it
            may end within a secret.
    """
    try:
        with (path or Path()).open("rb") as file:
            size = file.seek(0, 2)
            if since is not None and since <= size:
                begin = max(0, since - 1)
                file.seek(begin)
                return _after(file.read(MAX_BYTES), begin, since, most, secrets)
            file.seek(max(0, size - MAX_BYTES))
            tail = file.read()
    except (FileNotFoundError, IsADirectoryError):
        return LogLines()
    # Nor may the first line begin within one.
    first = tail.find(b"\n") + 1 if size > len(tail) else 0
    last = tail.rfind(b"\n") + 1
    shown = _lines(tail[first : last if grows else None], secrets)
    return LogLines(tuple(shown[-most:]), size - len(tail) + last)


def _after(
    data: bytes, begin: int, since: int, most: int, secrets: Collection[str] | None
) -> LogLines:
    """Return the whole lines of ``data``, which lies at ``begin``, that begin at ``since`` or after.

    A position within a line is moved to the next one: half of a secret would not be recognised.
    """
    first = 0 if since == 0 else data.find(b"\n") + 1
    if since and not first:
        return LogLines((), since)
    pieces = data[first:].splitlines(keepends=True)[:most]
    if pieces and not pieces[-1].endswith(b"\n"):
        pieces.pop()
    text = b"".join(pieces)
    return LogLines(tuple(_lines(text, secrets)), begin + first + len(text))


def _lines(text: bytes, secrets: Collection[str] | None) -> list[str]:
    """Return the lines of ``text`` without secrets."""
    lines = printable(redactor_of(secrets or ())(text.decode(errors="replace"))).splitlines()
    return lines if secrets is not None else [without_suspects(line) for line in lines]
