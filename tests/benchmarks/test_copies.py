"""The benchmark of copies: it measures both ways, and what it copies is a release."""

from __future__ import annotations

from pathlib import Path

from benchmarks.copies import bars, make_release, measure


def test_a_release_of_so_many_files_is_made(tmp_path: Path) -> None:
    """A bar over fewer files than it says would always be met."""
    release = make_release(tmp_path / "release", 250)
    assert len([path for path in release.source.rglob("*") if path.is_file()]) == 250


def test_both_ways_are_measured(tmp_path: Path) -> None:
    """A ratio to nothing tells nothing."""
    figures = measure(tmp_path, 20, 1)
    assert set(figures) == {"copy_seconds", "copytree_seconds"}
    assert all(seconds > 0 for seconds in figures.values())
    assert not list(tmp_path.glob("copy*/*/source"))


def test_the_bar_is_a_share_of_what_python_takes() -> None:
    """A copy as slow as Python's would pass."""
    assert bars(0.8)["of_copytree"].met
    assert not bars(0.81)["of_copytree"].met
