"""Tests of the files that globs match, and of their digests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.errors import BadInputError
from tasks.reuse.inputs import SourceFiles


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Give a small tree, with what no glob matches."""
    for name in ("a.py", "a.txt", "lib/b.py", "lib/deep/c.py", ".hidden/d.py", "odd[1].py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    for folder in (".git", "node_modules", "lib/__pycache__"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.py").write_text("x")
    return tmp_path


@pytest.mark.parametrize(
    ("glob", "names"),
    [
        ("*.py", ["a.py", "odd[1].py"]),
        ("./a.*", ["a.py", "a.txt"]),
        ("?.py", ["a.py"]),
        ("lib/*.py", ["lib/b.py"]),
        ("lib/**", ["lib/b.py", "lib/deep/c.py"]),
        ("**/*.py", [".hidden/d.py", "a.py", "lib/b.py", "lib/deep/c.py", "odd[1].py"]),
        ("lib/**/c.py", ["lib/deep/c.py"]),
        ("odd[1].py", ["odd[1].py"]),
    ],
)
def test_globs_match_files_below_the_source(source: Path, glob: str, names: list[str]) -> None:
    """A change of a file that a step reads would not be seen, or one of another file count."""
    assert list(SourceFiles(source).matching("inputs", [glob])) == names


@pytest.mark.parametrize(
    ("glob", "message"),
    [
        ("*.rs", r"inputs: matches no file of the release \(got '\*.rs'\)"),
        ("lib", r"is a folder, not a file .* Write lib/\*\* for all files in it"),
        ("**/x.py", "matches no file"),
    ],
)
def test_a_glob_that_matches_no_file_is_refused(source: Path, glob: str, message: str) -> None:
    """A misspelt glob never changes: its step would be skipped for ever."""
    with pytest.raises(BadInputError, match=message):
        SourceFiles(source).matching("inputs", ["*.py", glob])


def test_content_mode_and_links_count(source: Path) -> None:
    """A step would be skipped although what it reads or executes is another file."""

    def digest(name: str) -> str:
        """Return the digest of a file as it is now."""
        return SourceFiles(source).matching("inputs", [name])[name]

    seen = [digest("a.py")]
    (source / "a.py").write_text("other")
    seen.append(digest("a.py"))
    (source / "a.py").chmod(0o755)
    seen.append(digest("a.py"))
    (source / "a.py").unlink()
    (source / "a.py").symlink_to("/nowhere/at/all")
    seen.append(digest("a.py"))
    assert len(set(seen)) == 4
    (source / "circle").symlink_to("circle")
    assert digest("circle") not in seen


@pytest.mark.parametrize(
    ("target", "problem"),
    [("lib", "is a link to a folder"), ("..", "leads out of"), ("../outside.txt", "leads out of")],
)
def test_a_link_to_what_does_not_count_is_refused(source: Path, target: str, problem: str) -> None:
    """A step would be skipped after what it reads through the link was changed."""
    (source.parent / "outside.txt").write_text("x")
    (source / "link").symlink_to(target)
    with pytest.raises(BadInputError, match=problem):
        SourceFiles(source).matching("inputs", ["link"])


def test_a_link_to_a_file_of_the_source_counts_with_its_content(source: Path) -> None:
    """A step that reads a file through a link would be skipped after that file was changed."""

    def digest() -> str:
        """Return the digest of the link as it is now."""
        return SourceFiles(source).matching("inputs", ["linked.py"])["linked.py"]

    (source / "linked.py").symlink_to("lib/b.py")
    seen = digest()
    (source / "lib" / "b.py").write_text("other")
    assert digest() != seen
