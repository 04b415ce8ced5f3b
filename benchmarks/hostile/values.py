"""Values that no parameter may have, made from the JSON schema of an operation; pure.

Whatever a schema does not bound is attacked as well, so that an operation without bounds shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import inf, nan
from typing import Any

Json = dict[str, Any]

_MAX_TEXT_LENGTH = 200_000
"""Characters of a text that is too long for whatever has no bound."""
_MAX_ITEMS_MADE = 2000
"""Items of a list that is made only to be too long; longer ones are refused by their bytes."""
_HUGE = 2**64
_TEMPLATE = {"__prefect_kind": "jinja", "template": "{{ 7 * 7 }}"}
_VARIABLE = {"__prefect_kind": "workspace_variable", "variable_name": "hostile"}
_TYPES: Mapping[str, Any] = {
    "string": "hostile",
    "integer": 7,
    "number": 7.5,
    "boolean": True,
    "null": None,
    "array": [],
    "object": {},
}


@dataclass(frozen=True, slots=True)
class Attack:
    """One value that has to be refused: what is wrong with it, and where it stands."""

    kind: str
    place: str
    value: Any


@dataclass(frozen=True, slots=True)
class Call:
    """The parameters of one call, with one attack in them."""

    attack: Attack
    parameters: Json


def calls(schema: Json) -> Iterator[Call]:
    """Yield a call for each attack on each parameter, one that is unknown, and one too few."""
    valid = plain(schema, schema)
    for name, each in schema.get("properties", {}).items():
        for attack in attacks(each, schema, name):
            yield Call(attack, {**valid, name: attack.value})
    yield Call(Attack("unknown key", "hostile", 7), {**valid, "hostile": 7})
    for name in schema.get("required", []):
        without = {key: value for key, value in valid.items() if key != name}
        yield Call(Attack("missing", name, None), without)


def plain(node: Json, root: Json) -> Any:
    """Return the least that ``node`` takes, e.g. a workload of one step."""
    node = _resolved(node, root)
    if members := node.get("anyOf") or node.get("oneOf"):
        return plain(members[0], root)
    if "enum" in node or "const" in node:
        return node.get("const", [*node.get("enum", []), None][0])
    kind = node.get("type")
    if kind == "object":
        wanted = node.get("required", [])
        return {name: plain(node["properties"][name], root) for name in wanted}
    if kind == "array":
        return [plain(node["items"], root)] * node.get("minItems", 0)
    if kind == "string":
        return "2026-01-31" if node.get("format") == "date" else "a"
    return {"integer": 1, "number": 1.0, "boolean": False, "null": None}[str(kind)]


def attacks(node: Json, root: Json, place: str) -> Iterator[Attack]:
    """Yield what ``node`` must not take."""
    members = _members(node, root)
    taken = {_type(member) for member in members}
    if "number" in taken:
        taken.add("integer")
    for kind, value in _TYPES.items():
        if kind not in taken:
            yield Attack(f"wrong type: {kind}", place, value)
    yield Attack("template", place, _TEMPLATE)
    yield Attack("variable of the server", place, _VARIABLE)
    for member in members:
        yield from _bounds(member, root, place)


def _bounds(node: Json, root: Json, place: str) -> Iterator[Attack]:
    if "enum" in node or "const" in node:
        yield Attack("choice", place, "hostile")
        return
    kind = _type(node)
    if kind == "string":
        yield from _texts(node, place)
    elif kind in {"integer", "number"}:
        yield from _numbers(node, place)
    elif kind == "array":
        yield from _lists(node, root, place)
    elif kind == "object":
        yield from _mappings(node, root, place)


def _texts(node: Json, place: str) -> Iterator[Attack]:
    longest = int(node.get("maxLength", _MAX_TEXT_LENGTH))
    yield Attack("long", place, "a" * (longest + 1))
    yield Attack("NUL", place, "a\0")
    yield Attack("half of a character", place, "a\ud800")
    if "pattern" in node:
        yield Attack("blank", place, " ")
        yield Attack("control", place, "\x1b[2J")
        yield Attack("line", place, f"{plain(node, {})}\n")
    if node.get("minLength"):
        yield Attack("empty", place, "")
    if node.get("format") == "date":
        for day in ("9999-12-31", "0001-01-01", "2026-13-01", "yesterday"):
            yield Attack("date", place, day)


def _numbers(node: Json, place: str) -> Iterator[Attack]:
    least = node.get("minimum", node.get("exclusiveMinimum"))
    most = node.get("maximum", node.get("exclusiveMaximum"))
    yield Attack("below", place, -1e300 if least is None else least - 1)
    yield Attack("above", place, 1e308 if most is None else most + 1)
    for kind, value in {"huge": _HUGE, "no number": nan, "infinite": inf, "1e308": 1e308}.items():
        yield Attack(kind, place, value)


def _lists(node: Json, root: Json, place: str) -> Iterator[Attack]:
    item = node.get("items", {})
    if (most := node.get("maxItems", _MAX_ITEMS_MADE)) <= _MAX_ITEMS_MADE:
        yield Attack("many", place, [plain(item, root)] * (most + 1))
    for attack in attacks(item, root, f"{place}.0"):
        yield Attack(attack.kind, attack.place, [attack.value])


def _mappings(node: Json, root: Json, place: str) -> Iterator[Attack]:
    valid = plain(node, root)
    named = node.get("properties", {})
    if not isinstance(node.get("additionalProperties"), dict):
        yield Attack("unknown key", f"{place}.hostile", {**valid, "hostile": 7})
    else:
        further = node["additionalProperties"]
        if (most := node.get("maxProperties", _MAX_ITEMS_MADE)) <= _MAX_ITEMS_MADE:
            many = {f"k{number}": plain(further, root) for number in range(most + 1)}
            yield Attack("many", place, many)
        named = {**named, "key": further}
    for name, each in named.items():
        for attack in attacks(each, root, f"{place}.{name}"):
            yield Attack(attack.kind, attack.place, {**valid, name: attack.value})


def _members(node: Json, root: Json) -> list[Json]:
    """Return the schemas of which ``node`` takes any, each without a reference."""
    node = _resolved(node, root)
    several = node.get("anyOf") or node.get("oneOf")
    if not several:
        return [node]
    return [member for each in several for member in _members(each, root)]


def _resolved(node: Json, root: Json) -> Json:
    while reference := node.get("$ref") or _only(node):
        target: Any = root
        for part in str(reference).removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def _only(node: Json) -> str | None:
    """Return the reference of a node that stands around one, as pydantic writes defaults."""
    around = node.get("allOf") or []
    return around[0].get("$ref") if len(around) == 1 else None


def _type(node: Json) -> str:
    if "type" in node:
        return str(node["type"])
    if "enum" in node or "const" in node:
        return "string"
    return "object" if "properties" in node else "any"
