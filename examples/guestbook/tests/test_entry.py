"""What is an entry, and what is refused."""

from __future__ import annotations

import json

import pytest
from guestbook.entry import AUTHOR_LIMIT, MESSAGE_LIMIT, Entry, InvalidEntryError, parse

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


def _json(**fields: object) -> bytes:
    return json.dumps({"id": "a", "author": "Ada", "message": "Hello"} | fields).encode()


class TestAccepted:
    """Bodies that are entries."""

    def test_json(self) -> None:
        """A JSON client could not write."""
        assert parse(_json(), JSON, "x") == Entry("a", "Ada", "Hello")

    def test_json_with_a_charset(self) -> None:
        """A client that names its charset would be read as a form."""
        assert parse(_json(), "application/json; charset=utf-8", "x").id == "a"

    def test_form(self) -> None:
        """The form of the page could not write; it chooses no id."""
        entry = parse(b"author=Zo%C3%AB&message=Hi+there", FORM, "chosen")
        assert entry == Entry("chosen", "Zoë", "Hi there")

    def test_space_around_is_dropped(self) -> None:
        """Entries would be listed with the space that was pasted around them."""
        assert parse(_json(author="  Ada\n"), JSON, "x").author == "Ada"

    @pytest.mark.parametrize("identifier", ["a", "A-1_b.c", "9" * 100])
    def test_ids(self, identifier: str) -> None:
        """An id that fits would be refused."""
        assert parse(_json(id=identifier), JSON, "x").id == identifier


class TestRefused:
    """Bodies that are none; the message names the field."""

    @pytest.mark.parametrize("identifier", ["a b", "ä", "../x", "9" * 101, 7])
    def test_ids(self, identifier: object) -> None:
        """An id could be anything, and break whoever reads it."""
        with pytest.raises(InvalidEntryError, match=r"^id:"):
            parse(_json(id=identifier), JSON, "x")

    @pytest.mark.parametrize("field", ["author", "message"])
    @pytest.mark.parametrize("value", ["", "   ", 3, None])
    def test_empty(self, field: str, value: object) -> None:
        """An entry without a name or a word would be listed."""
        with pytest.raises(InvalidEntryError, match=f"^{field}: must not be empty"):
            parse(_json(**{field: value}), JSON, "x")

    @pytest.mark.parametrize(
        ("field", "limit"), [("author", AUTHOR_LIMIT), ("message", MESSAGE_LIMIT)]
    )
    def test_too_long(self, field: str, limit: int) -> None:
        """One visitor could fill the page; the limit itself must still pass."""
        parse(_json(**{field: "x" * limit}), JSON, "x")
        with pytest.raises(InvalidEntryError, match=f"^{field}: at most {limit}"):
            parse(_json(**{field: "x" * (limit + 1)}), JSON, "x")

    @pytest.mark.parametrize("body", [b"{", b"[1]", b'"text"', b"\xff"])
    def test_unreadable(self, body: bytes) -> None:
        """A broken body would be a server error instead of the client's."""
        with pytest.raises(InvalidEntryError, match=r"^body:"):
            parse(body, JSON, "x")
