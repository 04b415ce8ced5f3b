"""Which JSON Prefect's server can store and give back, and what is made of what it cannot.

Python reads and writes more as JSON than the server's other parts can: half of a character, a
whole number beyond 64 bits, a hundred lists in one another. The server stores a flow run that has
one, and answers 500 from then on to whoever asks for a list that holds it, also to its worker.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from tasks.errors import BadInputError

MOST_DEEP = 100
"""How many lists and mappings may stand in one another; the server can write 254."""
_LEAST, _MOST = -(2**63), 2**63 - 1
_LONGEST_NUMBER = 400
"""Digits; what is longer is beyond every float as well."""

_SUSPECT = re.compile(
    rb"\\u(?:0000|[dD][89a-fA-F])|\x00|\xed[\xa0-\xbf]|NaN|Infinity"
    rb"|(?:^|[:\[,\s])-?(?:[0-9]{19}|[0-9.]+[eE]\+?[0-9]{3})"
)
"""Without any of these, and flat, a text has nothing that cannot be given back."""
_BAD_TEXT = re.compile("[\0\ud800-\udfff]")
_REPLACEMENT = "\ufffd"


def is_suspect(text: bytes) -> bool:
    """Tell whether ``text`` has to be looked at value by value; most has not."""
    return text.count(b"[") + text.count(b"{") > MOST_DEEP or _SUSPECT.search(text) is not None


def parsed(text: str | bytes) -> Any:
    """Return what ``text`` says, as Python reads it, however long its numbers are.

    Raises:
        BadInputError: It is nested deeper than Python can read.
        ValueError: It is no JSON.
    """
    try:
        return json.loads(text, parse_int=_whole)
    except RecursionError as error:
        raise _too_deep("") from error


def refuse_unstorable(document: object) -> None:
    """Refuse what the server could not give back.

    Raises:
        BadInputError: It names the first such value by its place.
    """
    for place, depth, value in values(document):
        if depth > MOST_DEEP:
            raise _too_deep(place)
        if isinstance(value, str) and (match := _BAD_TEXT.search(value)):
            what = "a NUL" if match[0] == "\0" else "half of a character"
            problem = f"holds {what} at character {match.start() + 1}"
            raise BadInputError(place, value, problem, "Leave it out: it cannot be stored.")
        if _is_number(value) and not _fits(value):
            problem, remedy = "is no number of 64 bits", "Write a smaller one, or a text."
            raise BadInputError(place, value, problem, remedy)


def mended(value: Any, depth: int = 0) -> Any:
    """Return ``value`` with what could not be given back replaced.

    Characters become U+FFFD, whole numbers floats, and what is no number or too deep null.
    """
    if depth > MOST_DEEP:
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
    """Return the JSON ``text`` of a database, so that it can be sent.

    SQLite gives a lone number back as a number.
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
    """Yield every value and key of ``document`` with its place and its depth, in order."""
    left: list[tuple[str, int, object]] = [("", 0, document)]
    while left:
        place, depth, value = left.pop()
        yield place or "body", depth, value
        if depth > MOST_DEEP:
            continue
        below = f"{place}." if place else ""
        if isinstance(value, dict):
            left += [(f"{below}{key}", depth + 1, item) for key, item in reversed(value.items())]
            left += [(place, depth, key) for key in value]
        elif isinstance(value, list):
            numbered = list(enumerate(value))
            left += [(f"{below}{number}", depth + 1, item) for number, item in reversed(numbered)]


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else math.inf


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _fits(value: Any) -> bool:
    return _LEAST <= value <= _MOST if isinstance(value, int) else math.isfinite(value)


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _too_deep(place: str) -> BadInputError:
    problem = f"is nested more than {MOST_DEEP} levels deep"
    return BadInputError(_shorter(place) or "body", "...", problem, "Write it flatter.")


def _shorter(place: str) -> str:
    """Return the beginning of a ``place`` that is too long to be read."""
    parts = place.split(".")
    return ".".join(parts[:8]) + ("..." if len(parts) > 8 else "")  # noqa: PLR2004
