"""A CSV of one's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.importers.formats import read_history, recognise


def _file(folder: Path, text: str) -> Path:
    path = folder / "runs.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_key_and_a_duration_are_enough(tmp_path: Path) -> None:
    """A user with two columns could not try it."""
    path = _file(tmp_path, "key,seconds\na,2\na,3\n")
    assert recognise(path) == "generic"
    table = read_history(path)
    assert table["ended_at"].tolist() == [2, 5]
    assert table["is_trainable"].all()


def test_moments_states_and_known_columns_are_read(tmp_path: Path) -> None:
    """ISO dates, other words for an end, or what was known beforehand would be lost."""
    path = _file(
        tmp_path,
        "key,started_at,ended_at,state,known_rows,known_branch,after\n"
        "a,1970-01-01T00:00:10Z,1970-01-01T00:00:12Z,OK,5,main,1\n"
        "a,1970-01-01T00:00:20Z,1970-01-01T00:00:21Z,Canceled,6,dev,1\n",
    )
    table = read_history(path)
    assert table["seconds"].tolist() == [2, 1]
    assert table["state"].tolist() == ["succeeded", "cancelled"]
    assert {"known_rows", "known_branch"} <= set(table)
    assert "after" not in table


@pytest.mark.parametrize(
    ("text", "said"), [("key,b\n1,2\n", "needs 'key'"), ("key,seconds,state\na,1,odd\n", "odd")]
)
def test_what_cannot_be_understood_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """A misspelt column would give forecasts of nothing."""
    with pytest.raises(ValueError, match=said):
        read_history(_file(tmp_path, text))
