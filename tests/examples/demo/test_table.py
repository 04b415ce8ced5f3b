"""The closing table."""

from __future__ import annotations

from examples.demo.table import Row, failures, render

ROWS = [
    Row("ship 1.0.0", 12.34, "83 tests"),
    Row("  launch", 3.0, "ok"),
    Row("  failed", None, "3 requests", ok=False),
]


def test_columns_are_aligned() -> None:
    """Nobody could read which figure belongs to which part."""
    lines = render(ROWS).splitlines()
    assert (
        len(
            {
                line.index(text)
                for line, text in zip(
                    [lines[1], *lines[3:6]], ["outcome", "83 tests", "ok", "FAILED"], strict=True
                )
            }
        )
        == 1
    )
    assert "ship 1.0.0     12.3  83 tests" in lines


def test_what_did_not_hold_is_marked() -> None:
    """A failure would drown among the rest."""
    assert "FAILED: 3 requests" in render(ROWS)
    assert failures(ROWS) == ["failed: 3 requests"]


def test_an_empty_table_can_be_shown() -> None:
    """A demo that fails at once would end in a traceback."""
    assert "part" in render([])
