"""Tests of the shim's records: they are JSON although it does not use the json module."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocks.providers.process.shim.records import json_of, make_folder, write

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
FINITE = SCALARS.filter(lambda value: value not in {float("inf"), float("-inf")})
VALUES = st.recursive(
    FINITE, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


@pytest.mark.slow
@given(VALUES)
def test_what_is_written_is_read_back(value: object) -> None:
    """Broken: nobody could read the state or the end of some runs."""
    assert json.loads(json_of(value)) == value


def test_a_name_that_is_no_text_is_kept() -> None:
    """Broken: a command in a folder of another encoding would leave no exit record."""
    name = b"na\xefve".decode("utf-8", "surrogateescape")
    assert json.loads(json_of({"cause": name}))["cause"] == name


def test_what_cannot_be_written_is_an_error() -> None:
    """Broken: a record would hold something that nobody can read."""
    with pytest.raises(TypeError, match="object"):
        json_of({"what": object()})


def test_a_record_is_for_its_owner_alone_and_leaves_no_draft(tmp_path: Path) -> None:
    """Broken: others could read the commands of a run, or half a record would be met."""
    write(str(tmp_path), "state.json", "{}", durable=True)
    (record,) = tmp_path.iterdir()
    assert (record.name, record.read_text(), record.stat().st_mode & 0o077) == (
        "state.json",
        "{}",
        0,
    )


def test_the_folder_of_a_run_is_made_with_those_above_it(tmp_path: Path) -> None:
    """Broken: no step could run, or others could read what it leaves."""
    folder = tmp_path / "steps" / "w" / "build" / "1"
    for _ in range(2):
        make_folder(str(folder))
    assert folder.stat().st_mode & 0o777 == 0o700
    assert folder.parent.stat().st_mode & 0o700 == 0o700
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        make_folder(str(tmp_path / "file" / "1"))
