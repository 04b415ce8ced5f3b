"""Turns pydantic's validation errors into errors with path, value and remedy for users."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_core import ErrorDetails

from blocks.parameter import PATTERN_REMEDIES
from tasks.errors import BadInputError

Json = Mapping[str, Any]

_HIDDEN = re.compile(
    r"secret|password|credentials|^repositories\.[^.]*\.variables|^notifications(\.[^.]*)?(\.url.*)?$"
)
_UNUSABLE = re.compile("[\0\ud800-\udc7f\udd00-\udfff]")
"""A NUL, or half of a pair of UTF-16, other than those that stand for bytes of a file's name."""
_WORDS = {
    "missing": ("is missing", "Add it. "),
    "string_type": ("is not a string", "Put it in quotes. "),
    "list_type": ("is not a list", "Write a list. "),
    "dict_type": ("is not a mapping", "Write keys and values. "),
    "model_type": ("is not a mapping", "Write keys and values. "),
    "literal_error": ("is not {expected}", "Use one of them. "),
    "union_tag_invalid": ("is not one of {expected_tags}", "Use one of them. "),
    "union_tag_not_found": ("is missing", "Add it. "),
    "greater_than_equal": ("must be at least {ge}", "Write {ge} or more. "),
    "greater_than": ("must be more than {gt}", "Write more than {gt}. "),
    "less_than_equal": ("must be at most {le}", "Write {le} or less. "),
    "less_than": ("must be less than {lt}", "Write less than {lt}. "),
    "string_pattern_mismatch": ("{mismatch}", "{wanted}"),
    "string_too_short": ("has fewer characters than {min_length}", "Write something. "),
    "string_too_long": ("has more characters than {max_length}", "Shorten it. "),
    "too_short": ("needs at least {min_length}", "Add to it. "),
    "too_long": ("has more than {max_length}", "Leave some out. "),
    "int_": ("is not a whole number", "Write a whole number, without a unit. "),
    "finite_number": ("is not a finite number", "Write a number. "),
    "float_": ("is not a number", "Write a number, without a unit. "),
    "bool_": ("is neither true nor false", "Write true or false. "),
}
"""Problem and remedy, by the start of the name that pydantic gives a kind of error."""
_AS_PATTERN = "Write it as this regular expression says. "


@dataclass(frozen=True, slots=True)
class FieldLocation:
    """The location of a value in a model: the keys to it, its meaning, and its schema."""

    parts: tuple[str, ...]
    meaning: str
    schema: Json


def bad_input(error: ValidationError, model: type[BaseModel], prefix: str = "") -> BadInputError:
    """Turn pydantic's first complaint about ``model`` into one that names field and remedy.

    Args:
        error: The error that pydantic raised.
        model: The model that was validated.
        prefix: The path of the model's value, e.g. ``providers.local``.
    """
    first, *others = _unknown_keys_first(error.errors(include_url=False))
    schema = _schema(model)
    place = _place(schema, first["loc"])
    path = ".".join([*([prefix] if prefix else []), *place.parts])
    if first["type"] == "extra_forbidden":
        return unknown_key(path, place.schema.get("properties", {}))
    # Each member of a union complains for itself.
    of_same_place = [
        detail for detail in others if _place(schema, detail["loc"]).parts == place.parts
    ]
    problem = " and ".join(dict.fromkeys(_words(detail)[0] for detail in (first, *of_same_place)))
    value = "(secret)" if _HIDDEN.search(path) else _quotable(_value(first), place.schema)
    if first["type"].startswith("union_tag"):
        path += ".kind"
    return BadInputError(path, value, problem, _remedy(first, place))


@cache
def _schema(model: type[BaseModel]) -> Json:
    """Return the schema of ``model``, which takes long to make."""
    return model.model_json_schema()


def _unknown_keys_first(details: list[ErrorDetails]) -> list[ErrorDetails]:
    """Return the errors, one of an unknown key before the first where both are in one mapping.

    Who misspells a key is not helped by the message that the right one is missing.
    """
    mapping = details[0]["loc"][:-1]
    return sorted(
        details,
        key=lambda each: each["type"] != "extra_forbidden" or each["loc"][:-1] != mapping,
    )


class _Outline(str):
    """A description of a value that is not quoted, as something in it may be secret."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _quotable(value: object, expected: Json) -> object:
    """Return ``value`` as an error may quote it: never what a mapping or a list holds.

    A text in the place of a mapping or a list may be one of the secrets that belong there.
    """
    if isinstance(value, Mapping):
        return _Outline(f"a mapping with {', '.join(map(str, value)) or 'nothing'}")
    if isinstance(value, list | tuple | set | frozenset):
        return _Outline(f"a list of {len(value)}")
    holds_others = expected.get("type") in {"object", "array"} or "properties" in expected
    return _Outline("a text") if holds_others and isinstance(value, str) else value


def refuse_unusable_text(field: str, value: object) -> None:
    """Refuse a text in ``value``, however deep, that no file, command or variable can hold.

    Raises:
        BadInputError: It names the path below ``field``.
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
    """Follow ``loc`` through ``schema``; names of union members in ``loc`` are not keys."""
    definitions, node, meaning = schema.get("$defs", {}), schema, ""
    parts: list[str] = []
    for part in loc:
        node = _resolved(node, definitions)
        if member := node.get("discriminator", {}).get("mapping", {}).get(part):
            node = {"$ref": member}
        elif "anyOf" not in node:
            parts.append(str(part))
            child = _child(node, part)
            meaning, node = description(child), child or node
    return FieldLocation(tuple(parts), meaning, _resolved(node, definitions))


def description(schema: Json) -> str:
    """Return the description of a value, or that of its first alternative with one."""
    nested = (str(each.get("description", "")) for each in schema.get("anyOf", ()))
    return str(schema.get("description") or next(filter(None, nested), ""))


def _resolved(node: Json, definitions: Json) -> Json:
    """Return the schema that ``node`` refers to, or its only alternative besides null."""
    while True:
        kinds = [kind for kind in node.get("anyOf", []) if kind != {"type": "null"}]
        if "$ref" in node:
            node = definitions[node["$ref"].rpartition("/")[2]]
        elif len(kinds) == 1:
            node = kinds[0]
        else:
            return node


def _child(node: Json, part: int | str) -> Json:
    """Return the schema of the child ``part`` of ``node``; empty for an unknown key."""
    further = node.get("additionalProperties") or {}
    fallback: Json = node.get("items", {}) if isinstance(part, int) else further
    return node.get("properties", {}).get(part, fallback)  # type: ignore[no-any-return] # it is JSON


def _value(detail: ErrorDetails) -> object:
    if detail["type"].startswith("union_tag"):
        return (detail.get("ctx") or {}).get("tag", "")
    return "" if detail["type"] == "missing" else detail["input"]


def _words(detail: ErrorDetails) -> tuple[str, str]:
    """Return problem and remedy of one error; pydantic's own words if we have none for it."""
    for start, words in _WORDS.items():
        if detail["type"].startswith(start):
            context = {key: _plain(each) for key, each in (detail.get("ctx") or {}).items()}
            pattern = context.get("pattern", "")
            context["wanted"] = PATTERN_REMEDIES.get(pattern, _AS_PATTERN)
            known = pattern in PATTERN_REMEDIES  # few can read a pattern
            context["mismatch"] = "is not valid" if known else f"does not match {pattern}"
            return words[0].format(**context), words[1].format(**context)
    return detail["msg"].removeprefix("Input ").removeprefix("Value error, "), ""


def _plain(bound: object) -> str:
    """Return a bound as a user would write it, e.g. 1000000000 and not 1e+09."""
    return f"{bound:.12g}" if isinstance(bound, float) else str(bound)


def _remedy(detail: ErrorDetails, place: FieldLocation) -> str:
    meaning = f"It is: {place.meaning}" if place.meaning else ""
    return f"{_words(detail)[1]}{meaning}".strip() or "Correct it."
