"""Reads a history from a generic CSV: one line a run, with columns named as in a history.

``key`` and ``seconds`` (or ``started_at`` and ``ended_at``) are enough. Times are epoch seconds or
ISO 8601. Any further column whose name starts with ``known_`` is taken as known before the run.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from analytics.history.columns import KNOWN, LEVELS, MEASURES, typed

_MOMENTS = ("submitted_at", "started_at", "ended_at")
# What other tools call the same end.
_ALIASES = {
    "ok": "succeeded",
    "success": "succeeded",
    "completed": "succeeded",
    "true": "succeeded",
    "1": "succeeded",
    "failure": "failed",
    "error": "failed",
    "false": "failed",
    "0": "failed",
    "timeout": "timed_out",
    "timedout": "timed_out",
    "oom": "out_of_memory",
    "canceled": "cancelled",
    "aborted": "cancelled",
    "lost": "crashed",
}


def read_generic(path: Path) -> pd.DataFrame:
    """Return the history in ``path``; runs without a state succeeded.

    Without any moment the lines are taken as runs one after the other.

    Raises:
        ValueError: Where there is neither a key nor a duration, or a state is unknown.
    """
    table = pd.read_csv(path, dtype=dict.fromkeys(LEVELS, str))
    if "key" not in table or not ({"seconds"} <= set(table) or {*_MOMENTS[1:]} <= set(table)):
        raise ValueError(
            f"{path.name}: a history needs 'key' and 'seconds' (or 'started_at' and 'ended_at'); "
            f"it has {[*table.columns]}"
        )
    for name in _MOMENTS:
        if name in table:
            table[name] = _moment(table[name])
    state = table["state"] if "state" in table else pd.Series("succeeded", index=table.index)
    state = state.fillna("succeeded").astype(str).str.strip().str.lower()
    table["state"] = state.map(lambda state_name: _ALIASES.get(state_name, state_name))
    known_names = {*LEVELS, *MEASURES, "state"}
    columns = [name for name in table if name in known_names or str(name).startswith(KNOWN)]
    return typed(_placed(table[columns]))


def _moment(values: pd.Series[str]) -> pd.Series[float]:
    if pd.api.types.is_numeric_dtype(values):
        return values.astype(float)
    read = pd.to_datetime(values, errors="coerce", utc=True, format="ISO8601")
    return (read - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(seconds=1)


def _placed(table: pd.DataFrame) -> pd.DataFrame:
    """Give a start to runs of which only the duration is known, or the end."""
    if "started_at" in table or "submitted_at" in table:
        if "started_at" not in table:
            table = table.assign(started_at=table["submitted_at"])
        return table
    if "ended_at" in table:
        return table.assign(started_at=table["ended_at"] - table["seconds"])
    ends = np.cumsum(table["seconds"].fillna(0).to_numpy(float))
    return table.assign(started_at=ends - table["seconds"].fillna(0), ended_at=ends)
