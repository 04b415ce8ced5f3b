"""Traces of Nextflow."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.importers.formats import read_history
from benchmarks.importers.nextflow import read_nextflow

HEAD = "process,tag,status,exit,submit,start,complete,realtime,peak_rss,memory,cpus,rchar\n"
RAW = "W:ALIGN,s1,COMPLETED,0,1000,2000,9000,6500,1048576,2097152,2,524288\n"
READ = 'W:ALIGN,s2,FAILED,137,1970-01-01 00:00:01,-,1970-01-01 00:00:09,"1m 5s",1 GB,2 GB,2,-\n'
OTHERS = "W:SORT,-,CACHED,0,1,1,1,1,1,1,1,1\nW:SORT,-,ABORTED,-,3000,-,4000,-,-,-,1,-\n"


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """Give a trace with raw and readable values, a cached and an aborted task."""
    path = tmp_path / "trace.csv"
    path.write_text(HEAD + RAW + READ + OTHERS, encoding="utf-8")
    return path


def test_raw_and_readable_values_are_read_alike(trace: Path) -> None:
    """Half of all traces would give durations of nothing."""
    table = read_history(trace)
    assert table["submitted_at"].tolist() == [1, 1, 3]
    assert table["seconds"].tolist()[:2] == [6.5, 65]
    assert table["memory_mib"].tolist()[:2] == [1, 1024]
    assert table["name"].tolist() == ["ALIGN", "ALIGN", "SORT"]


def test_states_are_told_apart(trace: Path) -> None:
    """A task killed for its memory would look like any failure; a cached one like a quick one."""
    table = read_nextflow(trace)
    assert table["state"].tolist() == ["succeeded", "out_of_memory", "cancelled"]
    assert table["is_trainable"].tolist() == [True, False, False]


def test_input_sizes_are_read_only_where_they_are_named(trace: Path) -> None:
    """What is measured afterwards would leak into forecasts."""
    assert "known_input_mib" not in read_nextflow(trace)
    assert read_nextflow(trace, "rchar")["known_input_mib"].iloc[0] == 0.5


def test_another_csv_is_refused(tmp_path: Path) -> None:
    """The error would be one of pandas, on a column nobody knows."""
    path = tmp_path / "trace.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(ValueError, match="is it a Nextflow trace"):
        read_nextflow(path)
