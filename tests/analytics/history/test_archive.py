"""The history that was read is kept, and never taken for another's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from analytics.history import archive
from analytics.history.archive import Archive, load, reach, save
from analytics.history.runs import Run

RUN = Run("prefect", "flow/ship", 100.0, 109.0, 9.0, succeeded=True, state="succeeded", id="a")
KEPT = Archive("here", (RUN, replace(RUN, id="b", retries=2)), since=50.0, until=200.0, last=7)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give a file with an archive in a folder of its own."""
    file = tmp_path / "history" / "server.parquet"
    save(file, KEPT)
    return file


def test_it_comes_back_as_it_was(path: Path) -> None:
    """What was read once would be read again, or otherwise."""
    read = load(path, "here", 60.0)
    assert repr(read.runs) == repr(KEPT.runs)
    assert (read.since, read.until, read.last, read.note) == (50.0, 200.0, 7, "")


def test_without_a_file_there_is_nothing(tmp_path: Path) -> None:
    """The first training would fail."""
    assert load(tmp_path / "none.parquet", "here", 0.0) == Archive("here")


def test_another_server_starts_anew_and_says_so(path: Path) -> None:
    """Two servers with the same flows would be one history."""
    read = load(path, "there", 60.0)
    assert (read.runs, read.until) == ((), 0.0)
    assert "another server" in read.note


def test_other_columns_start_anew_and_say_so(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new version would fail on the file of the old one, every night."""
    monkeypatch.setattr(archive, "VERSION", 2)
    assert "another version" in load(path, "here", 60.0).note


def test_one_that_does_not_reach_back_is_read_anew(path: Path) -> None:
    """Who asks for a year would get what was kept of a month."""
    assert "does not reach back" in load(path, "here", 40.0).note


@pytest.mark.parametrize("content", [b"", b"PAR1 cut off", b"{}"])
def test_a_broken_file_starts_anew_and_says_so(path: Path, content: bytes) -> None:
    """A full disk would end training for good."""
    path.write_bytes(content)
    assert "cannot be read" in load(path, "here", 60.0).note


def test_a_kill_while_writing_leaves_the_one_before(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a file would be there in its place."""

    def dies(_: object, written: Path) -> None:
        written.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr("pyarrow.parquet.write_table", dies)
    with pytest.raises(KeyboardInterrupt):
        save(path, replace(KEPT, runs=()))
    assert len(load(path, "here", 60.0).runs) == 2
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_short_look_back_does_not_shorten_what_is_kept() -> None:
    """Who trains on the last week would have the next night read three months again."""
    assert reach(KEPT, 150.0, 300.0) == 50.0
    assert reach(KEPT, 10.0, 300.0) == 10.0
    assert reach(Archive("here"), 150.0, 300.0) == 150.0
    long_after = 50.0 + 2 * archive.KEPT_SECONDS
    assert reach(KEPT, long_after, long_after) > 50.0
