"""Tests of the YAML reader: duplicate keys and alias bombs are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.document import read_document
from tasks.errors import BadInputError

LAUGHS = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))


def read(tmp_path: Path, text: str) -> object:
    """Write ``text`` and read it."""
    (tmp_path / "x.yaml").write_text(text)
    return read_document("file", tmp_path / "x.yaml")


def test_an_alias_is_what_it_names(tmp_path: Path) -> None:
    """Broken: what is written once for several services is refused."""
    text = "x-a: &a {b: 1, c: 1}\nd: {<<: *a, c: 2}\ne: {<<: *a}\n"
    assert read(tmp_path, text) == {"x-a": {"b": 1, "c": 1}, "d": {"c": 2, "b": 1}, "e": {"b": 1, "c": 1}}  # fmt: skip
    assert read(tmp_path, "") == {}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a:\n  b: 1\n  c: 2\n  b: 3\n", "line 4, column 3: this key occurs twice, first at line 2"),
        ("a: 1\n'a': 2\n", "line 2, column 1: this key occurs twice, first at line 1"),
        ("{a: 1, a: 2}", "line 1, column 8: this key occurs twice"),
        (LAUGHS, "its aliases name one another"),
        ("a: &a [*a]", "its aliases name one another"),
        ("a: &a {b: *a}", "its aliases name one another"),
        ("a: [", "line 1, column 5"),
        ("a: 'x\x07'", "line 1"),
        pytest.param("[" * 100_000, "nested too deeply", marks=pytest.mark.slow),
        ("a: !!python/object:os.system x", "line 1"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    """Broken: the first of two services of one name is lost, or the worker with all memory."""
    with pytest.raises(BadInputError) as caught:
        read(tmp_path, text)
    assert problem in str(caught.value)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    "text",
    [
        "hunter2: 1\nhunter2: 2\n",
        "a: *hunter2\n",
        "a: !hunter2 x\n",
        "a: &hunter2 1\nb: &hunter2 2\nc: [",
        "%TAG ! hunter2\n%TAG ! hunter2\n--- x",
        "hunter2: x: y\n",
        "- hunter2\nhunter2\n: x",
        "{hunter2 hunter2: ]",
        "a: 'hunter2",
    ],
)
def test_nothing_of_a_file_that_is_no_yaml_is_quoted(tmp_path: Path, text: str) -> None:
    """Broken: `configure` shows, in its state, what stands in any file of this user."""
    with pytest.raises(BadInputError) as caught:
        read(tmp_path, text)
    assert "hunter2" not in str(caught.value)


def test_a_document_is_not_read_beyond_what_anybody_writes(tmp_path: Path) -> None:
    """Broken: a large file keeps the worker busy for minutes."""
    with pytest.raises(BadInputError, match="is larger than 4 MiB"):
        read(tmp_path, "#" * (4 * 1024 * 1024 + 1))
