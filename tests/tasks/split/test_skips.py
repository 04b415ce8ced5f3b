"""The number of skipped tests is reported, and where nothing was tested."""

from __future__ import annotations

from pathlib import Path

from blocks.providers.interface import End
from tasks.split.skips import skip_remarks
from tests.tasks.split.test_retries import attempt


def test_skipped_tests_are_counted_over_all_shards(tmp_path: Path) -> None:
    """Broken: a suite that skips half of itself is green without a word."""
    done = [
        attempt(tmp_path, "shard-1", 1, End.SUCCEEDED, a="passed", b="skipped"),
        attempt(tmp_path, "shard-2", 1, End.SUCCEEDED, c="skipped"),
    ]
    assert skip_remarks(done) == ["Tests: 1 passed, 2 skipped."]


def test_a_suite_that_was_skipped_as_a_whole_tested_nothing(tmp_path: Path) -> None:
    """Broken: a version is taken for tested, though no test of it was run."""
    done = [
        attempt(tmp_path, "shard-1", 1, End.SUCCEEDED, a="skipped"),
        attempt(tmp_path, "shard-2", 1, End.SUCCEEDED, b="skipped"),
    ]
    assert skip_remarks(done) == ["Tests: 0 passed, 2 skipped: nothing was tested."]


def test_without_a_skip_there_is_nothing_to_say(tmp_path: Path) -> None:
    """Broken: every run ends with a remark, and nobody reads them any more."""
    done = [
        attempt(tmp_path, "shard-1", 1, End.SUCCEEDED, a="passed"),
        attempt(tmp_path, "build", 1, End.SUCCEEDED),
    ]
    assert skip_remarks(done) == []
    assert skip_remarks([]) == []
