"""Logs in the Standard Workload Format."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from benchmarks.importers.formats import read_history, recognise
from benchmarks.importers.swf import read_swf

LOG = """; Version: 2.2
1 0 10 100 4 -1 2048 4 600 -1 1 7 2 -1 1 -1 -1 -1
2 5 -1 -1 1 -1 -1 -1 -1 -1 5 7 2 -1 1 -1 -1 -1
3 9 0 50 1 -1 -1 2 60 -1 0 8 2 -1 1 -1 -1 -1
4 9 0 50 1 -1 -1 2 60 -1 3 8 2 -1 1 -1 -1 -1
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Give a packed log of a job that worked, one cancelled in the queue, and one that failed."""
    path = tmp_path / "site.swf.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write(LOG)
    return path


def test_jobs_become_runs_with_what_was_asked_for(log: Path) -> None:
    """Forecasts would miss the limit, or take the wait for work."""
    table = read_swf(log)
    first = table.iloc[0]
    assert (first["submitted_at"], first["started_at"], first["ended_at"]) == (0, 10, 110)
    assert (first["key"], first["seconds"], first["memory_mib"]) == ("7", 100, 2)
    assert (first["known_limit_seconds"], first["known_cpus"]) == (600, 4)


def test_cancelled_jobs_tell_nothing_of_durations(log: Path) -> None:
    """A job withdrawn from the queue would be learnt as one of no length."""
    table = read_swf(log)
    assert table["state"].tolist() == ["succeeded", "cancelled", "failed"]
    assert table["is_trainable"].tolist() == [True, False, True]


def test_the_format_is_recognised(log: Path, tmp_path: Path) -> None:
    """A user would have to know what their own file is."""
    plain = tmp_path / "log.txt"
    plain.write_text(LOG, encoding="utf-8")
    assert recognise(log) == recognise(plain) == "swf"
    assert len(read_history(plain)) == 3


def test_a_file_with_other_columns_is_refused(tmp_path: Path) -> None:
    """Columns would be taken for others."""
    path = tmp_path / "short.swf"
    path.write_text("1 2 3\n", encoding="utf-8")
    with pytest.raises(ValueError, match="18 numbers"):
        read_swf(path)
