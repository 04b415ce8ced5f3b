"""The page a visitor sees."""

from __future__ import annotations

import pytest
from guestbook.entry import Entry
from guestbook.page import render


class TestRender:
    """The HTML of the page."""

    def test_entries_are_listed_in_order(self) -> None:
        """The page would not show what was written."""
        page = render([Entry("2", "Bob", "second"), Entry("1", "Ada", "first")], 2, "1.0")
        assert page.index("second") < page.index("first")

    @pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img src=x>'])
    def test_markup_is_escaped(self, text: str) -> None:
        """A visitor could run a script in the browser of the next."""
        page = render([Entry("1", text, text)], 1, "1.0")
        assert text not in page

    @pytest.mark.parametrize(
        ("shown", "total", "heading"),
        [(0, 0, "0 entries"), (1, 1, "1 entry"), (2, 2, "2 entries"), (2, 9, "The last 2 of 9")],
    )
    def test_heading(self, shown: int, total: int, heading: str) -> None:
        """The page would miscount."""
        entries = [Entry(str(number), "Ada", "Hello") for number in range(shown)]
        assert heading in render(entries, total, "1.0")

    def test_version_is_shown(self) -> None:
        """Nobody could see which version serves."""
        assert "Guestbook 4.5.6" in render([], 0, "4.5.6")
