"""Tests of values that the server could not return: they are found, refused or repaired."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stack.server.storable import (
    MAX_DEPTH,
    is_suspect,
    mended,
    parsed,
    read_stored,
    refuse_unstorable,
)
from tasks.errors import BadInputError

UNSTORABLE = {
    "half of a character": (r'{"a": {"b": ["x", "\ud800"]}}', "a.b.1: holds half of a character"),
    "its other half": (r'{"a": "x\udfff"}', "a: holds half of a character at character 2"),
    "half of a character in a key": (r'{"a": {"\uD800": 1}}', "a: holds half of a character"),
    "NUL": (r'{"a": "x\u0000"}', "a: holds a NUL at character 2"),
    "number beyond 64 bits": ('{"a": 18446744073709551616}', "a: does not fit into 64 bits"),
    "number below 64 bits": ('{"a": -9223372036854775809}', "a: does not fit into 64 bits"),
    "number of 5000 digits": ('{"a": 1%s}' % ("0" * 5000), "a: does not fit into 64 bits"),
    "no number": ('{"a": NaN}', "a: is no number that JSON has"),
    "infinity": ('{"a": -Infinity}', "a: does not fit into 64 bits"),
    "float beyond all floats": ('{"a":[1, 1E+0999]}', "a.1: does not fit into 64 bits"),
    "lists in one another": ("[" * 300 + "]" * 300, "is nested more than 100 levels deep"),
    "more than Python reads": ("[" * 9000 + "]" * 9000, "is nested more than 100 levels deep"),
}
STORABLE = (
    r'{"smile": "\ud83d\ude00", "backslash": "\\ud800", "n": 9223372036854775807}',
    '{"NaN": "Infinity", "digits": "18446744073709551616", "f": 1.7e308, "t": true}',
    "[" * MAX_DEPTH + "]" * MAX_DEPTH,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.parametrize("name", UNSTORABLE)
def test_what_cannot_be_given_back_is_refused_by_its_place(name: str) -> None:
    """Broken: one request stops every operation until somebody edits the database."""
    text, message = UNSTORABLE[name]
    assert is_suspect(text.encode())
    with pytest.raises(BadInputError) as caught:
        refuse_unstorable(parsed(text))
    assert message in str(caught.value)
    assert caught.value.remedy


@pytest.mark.parametrize("text", STORABLE)
def test_what_only_looks_like_it_is_let_in(text: str) -> None:
    """Broken: a text with an escaped backslash, or a pair of halves, is refused."""
    refuse_unstorable(parsed(text))
    assert read_stored(text) == json.loads(text)


@pytest.mark.parametrize(
    "body", ['"\ud800"'.encode("utf-16-le", "surrogatepass"), b'{"a": "\xed\xa0\x80"}']
)
def test_other_encodings_that_python_reads_as_json_are_seen(body: bytes) -> None:
    """Broken: half a character in UTF-16, or as raw bytes, gets past the first look."""
    assert is_suspect(body)
    with pytest.raises(BadInputError, match="half of a character"):
        refuse_unstorable(parsed(body))


@pytest.mark.parametrize("name", UNSTORABLE)
def test_what_was_stored_before_is_given_back_so_that_it_can_be_sent(name: str) -> None:
    """Broken: a database that holds such a run stays unreadable."""
    text, _ = UNSTORABLE[name]
    orjson.dumps(read_stored(text))


@pytest.mark.slow
@given(JSON)
def test_what_is_mended_can_always_be_sent(value: Any) -> None:
    """Broken: a mended value fails where the server writes it."""
    orjson.dumps(mended(value))
    refuse_unstorable(mended(value))


@pytest.mark.slow
@given(JSON)
def test_what_is_not_suspect_can_be_given_back(value: Any) -> None:
    """Broken: the quick look lets through what the thorough one would refuse."""
    text = json.dumps(value)
    if not is_suspect(text.encode()):
        refuse_unstorable(json.loads(text))


@pytest.mark.parametrize("number", [0, 1, 0.5])
def test_a_number_that_sqlite_gives_back_as_one_is_read(number: float) -> None:
    """Broken: every run that shows its progress fails, as SQLite keeps lone numbers as such."""
    assert read_stored(number) == number
