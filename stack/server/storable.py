"""Finds, refuses or repairs JSON values that Prefect's server could store but not return.

Python reads and writes more as JSON than the server's other parts can: half of a character, a
whole number beyond 64 bits, a hundred nested lists. The server stores a flow run that has such a
value, and from then on answers 500 to every request for a list that holds it, also to its worker.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from tasks.errors import BadInputError

MAX_DEPTH = 100
"""Levels to which lists and mappings may be nested; the server can write 254."""
_MIN_INTEGER = -(2**63)
_MAX_INTEGER = 2**63 - 1
_MAX_NUMBER_DIGITS = 400
"""Digits of a number; a longer one is beyond every float as well."""

_SUSPECT = re.compile(
    rb"\\u(?:0000|[dD][89a-fA-F])|\x00|\xed[\xa0-\xbf]|NaN|Infinity"
    rb"|(?:^|[:\[,\s])-?(?:[0-9]{19}|[0-9.]+[eE]\+?[0-9]{3})"
)
"""A flat text without any of these holds only values that can be returned."""
_BAD_TEXT = re.compile("[\0\ud800-\udfff]")
_REPLACEMENT = "\ufffd"


def is_suspect(text: bytes) -> bool:
    """Tell whether ``text`` has to be checked value by value; most need not."""
    return text.count(b"[") + text.count(b"{") > MAX_DEPTH or _SUSPECT.search(text) is not None


def parsed(text: str | bytes) -> Any:
    """Return the document in ``text``, as Python reads it, however long its numbers are.

    Raises:
        BadInputError: It is nested deeper than Python can read.
        ValueError: It is not JSON.
    """
    try:
        return json.loads(text, parse_int=_whole)
    except RecursionError as error:
        raise _too_deep("") from error


def refuse_unstorable(document: object) -> None:
    """Refuse a value that the server could not return.

    Raises:
        BadInputError: It names the path of the first such value.
    """
    for place, depth, value in values(document):
        if depth > MAX_DEPTH:
            raise _too_deep(place)
        if isinstance(value, str) and (match := _BAD_TEXT.search(value)):
            what = "a NUL" if match[0] == "\0" else "half of a character"
            problem = f"holds {what} at character {match.start() + 1}"
            raise BadInputError(place, value, problem, "Leave it out: it cannot be stored.")
        if _is_number(value) and not _fits(value):
            problem, remedy = "does not fit into 64 bits", "Write a smaller number, or a string."
            if isinstance(value, float) and math.isnan(value):
                problem, remedy = "is no number that JSON has", "Write a number, or null."
            raise BadInputError(place, value, problem, remedy)


def mended(value: Any, depth: int = 0) -> Any:
    """Return ``value`` with all that could not be returned replaced.

    Characters become U+FFFD, whole numbers floats; NaN, infinity and what is too deep become null.
    """
    if depth > MAX_DEPTH:
        return None
    if isinstance(value, str):
        return _BAD_TEXT.sub(_REPLACEMENT, value)
    if isinstance(value, dict):
        return {mended(key): mended(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [mended(item, depth + 1) for item in value]
    if _is_number(value) and not _fits(value):
        return float(value) if _is_finite(value) else None
    return value


def read_stored(text: str | bytes | float) -> Any:
    """Return the document in the JSON ``text`` of a database, so that it can be sent.

    SQLite returns a lone number as a number.
    """
    if isinstance(text, int | float):
        return mended(text)
    if not is_suspect(text if isinstance(text, bytes) else text.encode(errors="surrogatepass")):
        return json.loads(text)
    try:
        return mended(parsed(text))
    except BadInputError:
        return None


def values(document: object) -> Iterator[tuple[str, int, object]]:
    """Yield every value and key of ``document`` with its path and its depth, in order."""
    pending: list[tuple[str, int, object]] = [("", 0, document)]
    while pending:
        place, depth, value = pending.pop()
        yield place or "body", depth, value
        if depth > MAX_DEPTH:
            continue
        below = f"{place}." if place else ""
        if isinstance(value, dict):
            pending += [(f"{below}{key}", depth + 1, item) for key, item in reversed(value.items())]
            pending += [(place, depth, key) for key in value]
        elif isinstance(value, list):
            numbered = list(enumerate(value))
            pending += [
                (f"{below}{number}", depth + 1, item) for number, item in reversed(numbered)
            ]


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MAX_NUMBER_DIGITS else math.inf


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _fits(value: Any) -> bool:
    return _MIN_INTEGER <= value <= _MAX_INTEGER if isinstance(value, int) else math.isfinite(value)


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _too_deep(place: str) -> BadInputError:
    problem = f"is nested more than {MAX_DEPTH} levels deep"
    return BadInputError(_shorter(place) or "body", "...", problem, "Write it flatter.")


def _shorter(place: str) -> str:
    """Return the beginning of a ``place`` that is too long to be read."""
    parts = place.split(".")
    return ".".join(parts[:8]) + ("..." if len(parts) > 8 else "")  # noqa: PLR2004
