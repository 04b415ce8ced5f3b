"""Tests of the lines of a log that somebody may see."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.observe.log_lines import MAX_BYTES, LogLines, log_lines

SECRET = "hunter2hunter2"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Give a log of three lines, one with a secret."""
    path = tmp_path / "log"
    path.write_text(f"one\ntwo {SECRET}\nthree\n")
    return path


def test_it_is_followed_line_by_line(log: Path) -> None:
    """Lines would be lost or shown twice."""
    first = log_lines(log, 2, 0, {SECRET})
    assert first.lines == ("one", "two ***")
    second = log_lines(log, 2, first.end, {SECRET})
    assert second == LogLines(("three",), log.stat().st_size)
    with log.open("a") as more:
        more.write("half")
    assert log_lines(log, 2, second.end, {SECRET}) == LogLines((), second.end)
    with log.open("a") as more:
        more.write(" whole\n")
    assert log_lines(log, 2, second.end, {SECRET}).lines == ("half whole",)


def test_a_position_within_a_secret_shows_no_part_of_it(log: Path) -> None:
    """The end of a secret would be shown to who asks in its middle."""
    for since in range(log.stat().st_size):
        assert "ter2" not in str(log_lines(log, 9, since, {SECRET}).lines)


def test_the_last_lines_end_where_the_next_begin(log: Path) -> None:
    """Who looks first and follows then would miss lines."""
    end = log.stat().st_size
    with log.open("a") as more:
        more.write("half")
    assert log_lines(log, 1, None, {SECRET}) == LogLines(("three",), end)
    assert log_lines(log, 2, None, {SECRET}, grows=False) == LogLines(("three", "half"), end)


def test_a_line_that_is_being_written_shows_no_part_of_a_secret(log: Path) -> None:
    """The first half of a secret is not recognised, and would be shown."""
    with log.open("a") as more:
        more.write(f"key {SECRET[: len(SECRET) // 2]}")
    assert log_lines(log, 1, None, {SECRET}).lines == ("three",)
    log.write_text(f"{SECRET}{'x' * (MAX_BYTES - len(SECRET) // 2 - 1)}\n")
    assert log_lines(log, 5, None, {SECRET}).lines == ()


def test_what_was_begun_anew_is_shown_from_its_end(log: Path) -> None:
    """After a rotation nothing would be shown any more."""
    assert log_lines(log, 1, 10_000, {SECRET}).lines == ("three",)


def test_where_no_secret_is_known_what_looks_like_one_is_hidden(log: Path) -> None:
    """While the server is away, logs would show everything."""
    log.write_text("token=abcdef123456\n")
    assert log_lines(log, 1, None, None).lines == ("token=***",)
    assert log_lines(log, 1, 0, None).lines == ("token=***",)


def test_no_file_has_no_lines_and_a_line_without_an_end_none_yet(tmp_path: Path) -> None:
    """A service that has written nothing would be an error."""
    assert log_lines(tmp_path / "none", 5, None, ()) == LogLines()
    assert log_lines(None, 5, 0, ()) == LogLines()
    long = tmp_path / "long"
    long.write_text("x" * (MAX_BYTES + 10))
    assert log_lines(long, 5, 3, ()) == LogLines((), 3)
