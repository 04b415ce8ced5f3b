"""Tests of the labels of steps of a matrix or of a list."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from tasks.label import labels, written

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


def test_plain_values_are_called_what_they_are() -> None:
    """Nobody would know which step is which."""
    assert labels(["3.11", 3, True, "Linux", "data/a b.csv"]) == [
        "3.11",
        "3",
        "true",
        "Linux",
        "data-a-b.csv",
    ]
    assert labels([{"id": 7, "x": []}, {"name": "b"}]) == ["7", "b"]


def test_what_would_be_called_the_same_is_told_apart_by_what_it_is() -> None:
    """Two steps would share a folder, or swap their results when the list changes its order."""
    names = labels(["a/b", "a-b", "a b", "A-B", {"x": 1}])
    assert sorted(names) == sorted(labels(["a b", "a/b", {"x": 1}, "A-B", "a-b"]))
    assert len({name.casefold() for name in names}) == 5
    assert labels(["a", "a"])[1] == f"{labels(['a', 'a'])[0]}~2"


@pytest.mark.slow
@given(st.lists(VALUES, max_size=12))
def test_labels_are_unique_safe_and_of_the_value_alone(values: list[JsonValue]) -> None:
    """An id would be given twice, lead out of its folder, or move to another item."""
    named = labels(values)
    assert len({name.casefold() for name in named}) == len(values)
    assert all(name.strip(".") and not set(name) & set("/[]@'\" \\\n\0") for name in named)
    assert sorted(labels(values[::-1])) == sorted(named)


def test_a_text_is_written_as_it_is_and_the_rest_as_json() -> None:
    """A command would get quotes around a name, or Python instead of JSON."""
    values: list[JsonValue] = ["a b", 1.5, None, {"b": [True], "a": "é"}]
    assert [written(value) for value in values] == [
        "a b",
        "1.5",
        "null",
        '{"a": "é", "b": [true]}',
    ]
