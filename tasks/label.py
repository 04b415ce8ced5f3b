"""Short, unique names of values, as in the brackets of `build[3.11,linux]`; pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Sequence

from pydantic import JsonValue

# A label is a part of a folder's name, and of an expression between quotes.
_UNSAFE = re.compile(r"[^A-Za-z0-9._+=,-]+")
_LABEL_CHARACTERS = 60
_DIGEST_DIGITS = 8


def written(value: JsonValue) -> str:
    """Return ``value`` as a command gets it: a string as it is, other values as JSON."""
    return value if isinstance(value, str) else _canonical(value)


def labels(values: Sequence[JsonValue]) -> list[str]:
    """Return a unique name for each of ``values``, which depends on the value alone.

    A value thus keeps its name at any position in the list, and a resumed run finds it again. A map
    is named by its ``id`` or ``name``. Other maps, lists, and values whose names would be the same
    are named by a part of their digest.
    """
    plain = [_plain(value) for value in values]
    # Some file systems ignore case.
    times = Counter(name.casefold() for name in plain)
    counts: Counter[str] = Counter()
    labels: list[str] = []
    for value, name in zip(values, plain, strict=True):
        label = name if name and times[name.casefold()] == 1 else _marked(name, value)
        counts[label] += 1
        labels.append(label if counts[label] == 1 else f"{label}~{counts[label]}")
    return labels


def _plain(value: JsonValue) -> str:
    if isinstance(value, dict):
        value = next((value[key] for key in ("id", "name") if key in value), value)
    if isinstance(value, dict | list):
        return ""
    return _UNSAFE.sub("-", written(value)).strip("-.")[:_LABEL_CHARACTERS]


def _marked(name: str, value: JsonValue) -> str:
    digest = hashlib.sha256(_canonical(value).encode()).hexdigest()[:_DIGEST_DIGITS]
    return f"{name}~{digest}" if name else digest


def _canonical(value: JsonValue) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
