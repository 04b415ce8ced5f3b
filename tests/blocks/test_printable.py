"""Tests that control characters in shown text are removed or escaped."""

from __future__ import annotations

import pytest

from blocks.printable import printable


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("a\x07b\x00c", r"a\x07b\x00c"),
        ("one\r\ntwo\tthree", "one\ntwo\tthree"),
        ("10 %\r20 %", r"10 %\r20 %"),
        ("user\u202etxt.exe", r"user\u202etxt.exe"),
        ("\udcff", r"\udcff"),
        ("größe 日本", "größe 日本"),
    ],
)
def test_control_characters_are_escaped(text: str, escaped: str) -> None:
    """Broken: a log clears the reader's screen, recolours it, or turns what follows around."""
    assert printable(text) == escaped
