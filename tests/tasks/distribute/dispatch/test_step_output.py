"""The output of a step for the steps after it."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from blocks.providers.interface import End
from tasks.distribute.dispatch.step_output import (
    MAX_BYTES,
    OutputError,
    output_path,
    read_output,
    with_output,
)
from tests.tasks.planning.fakes import BAD, GOOD


def test_it_is_json_or_nothing(tmp_path: Path) -> None:
    """A step that says nothing would fail, or what it says be lost."""
    assert read_output(tmp_path) is None
    output_path(tmp_path).write_text('["a", {"b": 1.5}, null, 9223372036854775807]\n')
    assert read_output(tmp_path) == ["a", {"b": 1.5}, None, 9223372036854775807]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", r"is empty: write e\.g\. \[\"a\", \"b\"\], or nothing at all"),
        (b"a\nb\n", r"is not valid JSON \(Expecting value: line 1 column 1"),
        (b"NaN", "is not valid JSON"),
        (b"1e999", "is not valid JSON"),
        (b'"\\ud800"', "is not valid JSON"),
        (
            b"[9223372036854775808]",
            "is not valid JSON .*9223372036854775808 is larger than 64 bits",
        ),
        (b"\xff", "is not valid JSON"),
        (b"[" * 20_000, "is not valid JSON"),
        (b'"' + b"x" * MAX_BYTES + b'"', r"has 65538 bytes, and may have 65536"),
    ],
    ids=["empty", "text", "NaN", "infinite", "surrogate", "whole", "bytes", "deep", "large"],
)
def test_what_cannot_be_used_fails_the_step_and_says_why(
    tmp_path: Path, text: bytes, message: str
) -> None:
    """The steps after it would run on rubbish, or the database refuse it."""
    output_path(tmp_path).write_bytes(text)
    with pytest.raises(OutputError, match=message):
        read_output(tmp_path)
    failed = with_output(GOOD, tmp_path)
    assert failed.end is End.FAILED
    assert failed.cause.startswith("its output (SLIPWAY_OUTPUT) ")


def test_a_step_that_failed_keeps_its_own_cause(tmp_path: Path) -> None:
    """Whoever looks for why it failed would read of a half-written file."""
    output_path(tmp_path).write_text("[1, ")
    assert with_output(BAD, tmp_path) == BAD


@pytest.mark.parametrize(
    ("kind", "make"),
    [
        ("a folder", Path.mkdir),
        ("a named pipe (FIFO)", os.mkfifo),
        ("a socket", lambda path: socket.socket(socket.AF_UNIX).bind(str(path))),
        ("a device", lambda path: path.symlink_to("/dev/zero")),
        ("a link that leads nowhere", lambda path: path.symlink_to("nowhere")),
    ],
    ids=["folder", "pipe", "socket", "device", "link"],
)
def test_what_is_no_regular_file_fails_the_step_and_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str, make: Callable[[Path], object]
) -> None:
    """The workload waits for a pipe for ever, or says that the output of a step is None."""
    monkeypatch.chdir(tmp_path)  # the path of a socket may have a hundred characters
    make(output_path(Path()))
    failed = with_output(GOOD, tmp_path)
    assert failed.end is End.FAILED
    path = output_path(tmp_path)
    assert f"its output (SLIPWAY_OUTPUT), {path} is {kind}, not a regular file" in failed.cause
    assert "write JSON to that path" in failed.cause
    assert with_output(BAD, tmp_path) == BAD


@pytest.mark.parametrize("deep", [101, 500, 5000])
@pytest.mark.parametrize("ends", [("[", "]"), ('{"a":', "}")])
def test_an_output_that_is_nested_too_deep_is_refused(
    tmp_path: Path, deep: int, ends: tuple[str, str]
) -> None:
    """Broken: the run ends with the traceback of a program, not with a word on the step."""
    opening, closing = ends
    output_path(tmp_path).write_text(opening * deep + "1" + closing * deep)
    with pytest.raises(OutputError, match="is not valid JSON"):
        read_output(tmp_path)
    output_path(tmp_path).write_text(opening * 100 + "1" + closing * 100)
    assert read_output(tmp_path)
