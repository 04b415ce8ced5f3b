"""Recognises the format of a file of runs, and reads its history."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import IO

import pandas as pd

from benchmarks.importers.generic import read_generic
from benchmarks.importers.nextflow import read_nextflow
from benchmarks.importers.swf import read_swf

FORMATS = ("swf", "nextflow", "generic")


def read_history(
    path: Path, form: str | None = None, input_size: str | None = None
) -> pd.DataFrame:
    """Return the history in ``path``; its format is recognised if ``form`` does not name it.

    Raises:
        ValueError: Where the file is not in that format.
    """
    form = form or recognise(path)
    if form == "swf":
        return read_swf(path)
    return read_nextflow(path, input_size) if form == "nextflow" else read_generic(path)


def recognise(path: Path) -> str:
    """Return one of ``FORMATS`` by the name of a file and its first line."""
    if ".swf" in path.name:
        return "swf"
    with _opened(path) as lines:
        first = lines.readline()
    if first.startswith(";"):
        return "swf"
    return (
        "nextflow"
        if {"process", "realtime"} <= {*first.strip().replace("\t", ",").split(",")}
        else "generic"
    )


def _opened(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8")
    return path.open(encoding="utf-8")
