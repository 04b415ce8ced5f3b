"""Says in plain words what pydantic refuses: the path as its user wrote it, value and remedy."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_core import ErrorDetails

from tasks.errors import BadInputError

Json = Mapping[str, Any]

_HIDDEN = re.compile(r"secret|password|credentials|^repositories\.[^.]*\.variables")
_UNUSABLE = re.compile("[\0\ud800-\udc7f\udd00-\udfff]")
"""A NUL, or half of a pair of UTF-16, other than those that stand for bytes of a file's name."""
_WORDS = {
    "missing": ("is missing", "Add it. "),
    "string_type": ("is no text", "Put it in quotes. "),
    "list_type": ("is no list", "Write a list. "),
    "dict_type": ("is no mapping", "Write keys and values. "),
    "model_type": ("is no mapping", "Write keys and values. "),
    "literal_error": ("is not {expected}", "Use one of them. "),
    "union_tag_invalid": ("is not one of {expected_tags}", "Use one of them. "),
    "union_tag_not_found": ("is missing", "Add it. "),
    "greater_than_equal": ("must be at least {ge:g}", ""),
    "greater_than": ("must be more than {gt:g}", ""),
    "less_than_equal": ("must be at most {le:g}", ""),
    "less_than": ("must be less than {lt:g}", ""),
    "string_pattern_mismatch": ("does not match {pattern}", ""),
    "too_short": ("needs at least {min_length}", ""),
    "int_": ("is no whole number", "Write a whole number, without a unit. "),
    "float_": ("is no number", "Write a number, without a unit. "),
    "bool_": ("is neither true nor false", "Write true or false. "),
}
"""Problem and remedy, by the start of the name that pydantic gives a kind of error."""


@dataclass(frozen=True, slots=True)
class FieldLocation:
    """Where in a model something stands: the keys to it, what it means, and its schema."""

    parts: tuple[str, ...]
    meaning: str
    schema: Json


def bad_input(error: ValidationError, model: type[BaseModel], prefix: str = "") -> BadInputError:
    """Turn pydantic's first complaint about ``model`` into one that names field and remedy.

    Args:
        error: What pydantic raised.
        model: What it was to build.
        prefix: Where the value of the model stands, e.g. ``providers.local``.
    """
    first, *others = error.errors(include_url=False)
    schema = model.model_json_schema()
    place = _place(schema, first["loc"])
    path = ".".join([*([prefix] if prefix else []), *place.parts])
    if first["type"] == "extra_forbidden":
        return unknown_key(path, place.schema.get("properties", {}))
    # Each member of a union complains for itself.
    same = [one for one in others if _place(schema, one["loc"]).parts == place.parts]
    problem = " and ".join(dict.fromkeys(_words(one)[0] for one in (first, *same)))
    value = "(secret)" if _HIDDEN.search(path) else _value(first)
    if first["type"].startswith("union_tag"):
        path += ".kind"
    return BadInputError(path, value, problem, _remedy(first, place))


def refuse_unusable_text(field: str, value: object) -> None:
    """Refuse a text in ``value``, however deep, that no file, command or variable can hold.

    Raises:
        BadInputError: It says where, below ``field``.
    """
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    if isinstance(text, str):
        if match := _UNUSABLE.search(text):
            what = "a NUL" if match[0] == "\0" else "half of a character"
            secret = text is not value or _HIDDEN.search(field)
            problem = f"holds {what} at character {match.start() + 1}"
            remedy = "Leave it out: no file, command or variable can have one."
            raise BadInputError(field, "(secret)" if secret else text, problem, remedy)
    elif isinstance(value, BaseModel):
        refuse_unusable_text(field, dict(value))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            refuse_unusable_text(field or "file", key)
            refuse_unusable_text(f"{field}.{key}".lstrip("."), item)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for number, item in enumerate(value):
            refuse_unusable_text(f"{field}.{number}", item)


def unknown_key(path: str, known: Collection[str]) -> BadInputError:
    """Return the error for a key, the last part of ``path``, that is none of ``known``."""
    key = path.rpartition(".")[2]
    close = get_close_matches(key, known, n=1)
    names = ", ".join(sorted(known))
    remedy = f"Did you mean {close[0]!r}?" if close else f"Known are: {names}."
    return BadInputError(path, key, "unknown key", remedy)


def _place(schema: Json, loc: Sequence[int | str]) -> FieldLocation:
    """Follow ``loc`` through ``schema``; the names of union members in it are no keys."""
    definitions, node, meaning = schema.get("$defs", {}), schema, ""
    parts: list[str] = []
    for part in loc:
        node = _resolved(node, definitions)
        if member := node.get("discriminator", {}).get("mapping", {}).get(part):
            node = {"$ref": member}
        elif "anyOf" not in node:
            parts.append(str(part))
            child = _child(node, part)
            meaning, node = child.get("description", ""), child or node
    return FieldLocation(tuple(parts), meaning, _resolved(node, definitions))


def _resolved(node: Json, definitions: Json) -> Json:
    """Return what ``node`` refers to, or is where it is not null."""
    while True:
        kinds = [kind for kind in node.get("anyOf", []) if kind != {"type": "null"}]
        if "$ref" in node:
            node = definitions[node["$ref"].rpartition("/")[2]]
        elif len(kinds) == 1:
            node = kinds[0]
        else:
            return node


def _child(node: Json, part: int | str) -> Json:
    """Return the schema of what stands at ``part`` of ``node``; empty for an unknown key."""
    further = node.get("additionalProperties") or {}
    found: Json = node.get("items", {}) if isinstance(part, int) else further
    return node.get("properties", {}).get(part, found)  # type: ignore[no-any-return] # it is JSON


def _value(one: ErrorDetails) -> object:
    if one["type"].startswith("union_tag"):
        return (one.get("ctx") or {}).get("tag", "")
    return "" if one["type"] == "missing" else one["input"]


def _words(one: ErrorDetails) -> tuple[str, str]:
    """Return problem and remedy of one complaint; what we have no words for keeps pydantic's."""
    for start, (problem, remedy) in _WORDS.items():
        if one["type"].startswith(start):
            return problem.format(**(one.get("ctx") or {})), remedy
    return one["msg"].removeprefix("Input ").removeprefix("Value error, "), ""


def _remedy(one: ErrorDetails, place: FieldLocation) -> str:
    meaning = f"It is: {place.meaning}" if place.meaning else ""
    return f"{_words(one)[1]}{meaning}".strip() or "Correct it."
