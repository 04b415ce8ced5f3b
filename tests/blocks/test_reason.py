"""Tests that find the line of a log that says why something failed."""

from __future__ import annotations

import pytest

from blocks.reason import reason, with_reason

NODE = [
    "node:internal/modules/cjs/loader:1228",
    "Error: Cannot find module 'express'",
    *(f"    at Module._load (node:internal:{number})" for number in range(20)),
    "Node.js v22.1.0",
    "npm error code ELIFECYCLE",
    "npm error A complete log of this run can be found in: /tmp/x.log",
]


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (NODE, "Error: Cannot find module 'express'"),
        (
            ["Traceback (most recent call last):", "ModuleNotFoundError: No module named 'x'", ""],
            "ModuleNotFoundError: No module named 'x'",
        ),
        (["sh: 1: gunicorn: command not found", "bye"], "sh: 1: gunicorn: command not found"),
        (["django.db.utils.OperationalError: no such table", "a", "b"], None),
    ],
)
def test_the_line_that_says_why_is_found(lines: list[str], why: str | None) -> None:
    """Broken: a user reads twenty frames of a loader and not which module is missing."""
    number = reason(lines)
    assert number is not None
    assert lines[number] == (why or lines[0])


def test_it_is_shown_before_the_last_lines_and_once() -> None:
    """Broken: the reason scrolls out of what is shown, or stands there twice."""
    lines = with_reason(NODE, 3)
    assert lines == [NODE[1], "...", *NODE[-3:]]
    assert with_reason(NODE[:2], 5) == NODE[:2]
    assert with_reason(["listening", "bye"], 1) == ["bye"]
    assert with_reason([], 5) == []
