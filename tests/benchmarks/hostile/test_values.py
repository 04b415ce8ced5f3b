"""The attacks that are made from a schema: all of what a bound, or its absence, calls for."""

from __future__ import annotations

from typing import Any

from benchmarks.hostile.values import calls, plain

NAME = {"type": "string", "minLength": 1, "maxLength": 3, "pattern": "^[a-z]*$"}
STEP = {"type": "object", "properties": {"id": NAME}, "required": ["id"]}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "project": NAME,
        "runs": {"type": "integer", "minimum": 1, "maximum": 9},
        "steps": {"anyOf": [{"type": "array", "items": {"$ref": "#/definitions/Step"}}, {"type": "null"}]},
    },
    "required": ["project"],
    "definitions": {"Step": STEP},
}  # fmt: skip


def test_every_bound_is_attacked_from_beyond() -> None:
    """Broken: a parameter is let through whose bound nobody tried."""
    made = {(each.attack.kind, each.attack.place): each.attack.value for each in calls(SCHEMA)}
    assert made["long", "project"] == "aaaa"
    assert made["empty", "project"] == ""
    assert (made["below", "runs"], made["above", "runs"]) == (0, 10)
    assert made["wrong type: boolean", "project"] is True
    assert made["unknown key", "hostile"] == 7
    assert ("missing", "project") in made
    assert ("wrong type: null", "steps") not in made
    assert made["NUL", "steps.0.id"] == [{"id": "a\0"}]


def test_what_stands_beside_an_attack_is_valid() -> None:
    """Broken: a call is refused for another parameter than the one that is attacked."""
    assert plain(NAME, SCHEMA) == "a"
    others = [call for call in calls(SCHEMA) if call.attack.place == "runs"]
    assert {call.parameters["project"] for call in others} == {"a"}


def test_what_has_no_bound_is_attacked_as_well() -> None:
    """Broken: an operation without bounds passes as if it had some."""
    made = [
        each.attack for each in calls({"type": "object", "properties": {"x": {"type": "string"}}})
    ]
    assert any(each.kind == "long" and len(each.value) > 100_000 for each in made)
