"""Tests of pictures embedded in Markdown."""

from __future__ import annotations

import base64

from tasks.picture import picture


def test_it_carries_the_data_and_the_words() -> None:
    """A chart would be shown torn."""
    before, _, data = picture(b"\x89PNG", "the plan").partition(",")
    assert before == "![the plan](data:image/png;base64"
    assert base64.b64decode(data.removesuffix(")")) == b"\x89PNG"
