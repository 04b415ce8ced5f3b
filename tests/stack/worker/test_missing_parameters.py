"""Tests of the error message for a schedule that lacks a parameter."""

from __future__ import annotations

from stack.worker.missing_parameters import incompleteness


def test_what_is_lacking_is_named() -> None:
    """Broken: the run of a schedule ends with a stack trace, or a complete one is refused."""
    schema = {"required": ["project", "target"]}
    assert incompleteness({}, {}) == incompleteness(schema, {"project": "a", "target": ""}) == ""
    assert incompleteness(schema, {"project": "a"}).startswith("target: is not given by the sched")
