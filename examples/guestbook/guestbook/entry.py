"""An entry of the guestbook, and the rules for what a visitor may write into it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

AUTHOR_LIMIT = 100
MESSAGE_LIMIT = 2000
_ID = re.compile(r"[A-Za-z0-9._-]{1,100}")


class InvalidEntryError(ValueError):
    """The values sent are not a valid entry; the message says which field and why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What one visitor wrote; ``id`` is chosen by the client and unique."""

    id: str
    author: str
    message: str


def parse(body: bytes, content_type: str, fallback_id: str) -> Entry:
    """Return the entry in a request's body, JSON or form-encoded.

    Raises:
        InvalidEntryError: The body cannot be read, or a field is missing or too long.
    """
    fields = _fields(body, content_type)
    return Entry(
        id=_identifier(fields.get("id") or fallback_id),
        author=_text(fields, "author", AUTHOR_LIMIT),
        message=_text(fields, "message", MESSAGE_LIMIT),
    )


def _fields(body: bytes, content_type: str) -> Mapping[str, object]:
    try:
        if content_type.partition(";")[0].strip().lower() != "application/json":
            return dict(parse_qsl(body.decode(), keep_blank_values=True))
        fields = json.loads(body)
    except ValueError as error:
        raise InvalidEntryError(f"body: cannot be read ({error})") from error
    if not isinstance(fields, dict):
        raise InvalidEntryError("body: must be a JSON object")
    return fields


def _identifier(value: object) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise InvalidEntryError("id: must be 1 to 100 letters, digits, dots, dashes or underscores")
    return value


def _text(fields: Mapping[str, object], name: str, limit: int) -> str:
    value = fields.get(name, "")
    if not isinstance(value, str) or not value.strip():
        raise InvalidEntryError(f"{name}: must not be empty")
    if len(value.strip()) > limit:
        raise InvalidEntryError(f"{name}: at most {limit} characters")
    return value.strip()
