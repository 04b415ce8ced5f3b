"""Reads a Nextflow trace: the CSV or TSV that ``-with-trace`` writes, one line a task.

Sizes and times may be raw numbers (bytes, milliseconds) or as people read them (``1.5 GB``,
``2m 10s``). The key is the process; the finer group adds the tag, which is mostly the sample.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from analytics.history.columns import typed

_STATES = {"COMPLETED": "succeeded", "FAILED": "failed", "ABORTED": "cancelled"}
_RUNNING = {"RUNNING", "SUBMITTED", "NEW", "PENDING"}
_UNITS = {"ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZES = {"b": 1.0, "kb": 2.0**10, "mb": 2.0**20, "gb": 2.0**30, "tb": 2.0**40}
_MIB = 2.0**20
_OUT_OF_MEMORY = {137, 247}


def read_nextflow(path: Path, input_size: str | None = None) -> pd.DataFrame:
    """Return the history in ``path``.

    ``input_size`` names the column that holds the size of the input in bytes, for those who know
    it before a task starts; none is taken by itself, for ``rchar`` is only known afterwards.

    Raises:
        ValueError: Where there is no such column, or none that a trace must have.
    """
    separator = "\t" if ".tsv" in path.name or path.name.endswith(".txt") else ","
    # Nextflow 23 writes '-' where a value is unknown.
    trace = pd.read_csv(path, sep=separator, na_values=["-"], dtype=str)
    needed = {"process", "status", "submit", "realtime", *([input_size] if input_size else [])}
    if missing := needed - set(trace.columns):
        raise ValueError(f"{path.name} has no column {sorted(missing)}: is it a Nextflow trace?")
    trace = trace[trace["status"] != "CACHED"]
    process, tag = trace["process"].fillna(""), _column(trace, "tag").fillna("")
    rows = {
        "fine": process + "|" + tag,
        "key": process,
        "name": process.str.split(":").str[-1],
        "tag": tag,
        "kind": "nextflow",
        "submitted_at": _time(trace["submit"]),
        "started_at": _time(_column(trace, "start")),
        "ended_at": _time(_column(trace, "complete")),
        "state": _state(trace),
        "seconds": _seconds(trace["realtime"]),
        "memory_mib": _bytes(_column(trace, "peak_rss")) / _MIB,
        "known_limit_seconds": _seconds(_column(trace, "time")),
        "known_cpus": pd.to_numeric(_column(trace, "cpus"), errors="coerce"),
        "known_memory_mib": _bytes(_column(trace, "memory")) / _MIB,
        "known_process": process,
        "known_tag": tag,
        "known_attempt": pd.to_numeric(_column(trace, "attempt"), errors="coerce"),
    }
    if input_size:
        rows["known_input_mib"] = _bytes(trace[input_size]) / _MIB
    return typed(pd.DataFrame(rows))


def _column(trace: pd.DataFrame, name: str) -> pd.Series[str]:
    return trace[name] if name in trace else pd.Series(np.nan, index=trace.index, dtype=object)


def _state(trace: pd.DataFrame) -> pd.Series[str]:
    exits = pd.to_numeric(_column(trace, "exit"), errors="coerce")
    state = trace["status"].map(_STATES).fillna("crashed")
    state = state.mask(trace["status"].isin(_RUNNING), "running")
    return state.mask((state == "failed") & exits.isin(_OUT_OF_MEMORY), "out_of_memory")


def _time(values: pd.Series[str]) -> pd.Series[float]:
    """Return epoch seconds of raw milliseconds or of ``2024-05-26 19:54:50.296``."""
    raw = pd.to_numeric(values, errors="coerce")
    read = pd.to_datetime(values.where(raw.isna()), errors="coerce", utc=True)
    seconds = (read - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(seconds=1)
    return (raw / 1e3).fillna(seconds)


def _seconds(values: pd.Series[str]) -> pd.Series[float]:
    return _measured(values, _UNITS, 1e-3)


def _bytes(values: pd.Series[str]) -> pd.Series[float]:
    return _measured(values, _SIZES, 1.0)


def _measured(values: pd.Series[str], units: dict[str, float], raw: float) -> pd.Series[float]:
    numbers = pd.to_numeric(values, errors="coerce") * raw
    words = values[numbers.isna() & values.notna()]
    numbers.loc[words.index] = [_sum(str(text), units) for text in words]
    return numbers


def _sum(text: str, units: dict[str, float]) -> float:
    parts = re.findall(r"([\d.]+)\s*([a-zA-Z]+)", text)
    if not parts or any(unit.lower() not in units for _, unit in parts):
        return float("nan")
    return sum(float(number) * units[unit.lower()] for number, unit in parts)
