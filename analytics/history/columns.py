"""The columns of a history: a typed table with one row a run, whatever recorded it.

Columns whose names start with ``known_`` hold what was known before a run started. All others hold
its outcome, which a forecast may read of earlier runs only.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

# The states of a run. The first four ended by themselves. The others were stopped or lost, or are
# still running: their durations are lower bounds (censored), and no forecast averages them in.
ENDED = ("succeeded", "failed", "timed_out", "out_of_memory")
CENSORED = ("cancelled", "crashed", "running")
STATES = ENDED + CENSORED

# The groups of similar runs, from the finest to the coarsest; the last holds all runs of a kind.
LEVELS = ("finest", "fine", "key", "name", "tag", "kind")
_GROUP_WORDS = {
    "finest": "of runs just like it",
    "fine": "of runs with its parameters",
    "key": "of its own runs",
    "name": "of runs of its name",
    "tag": "of runs of its group",
    "kind": "of all runs",
}
MEASURES = ("submitted_at", "started_at", "ended_at", "seconds", "memory_mib")
KNOWN = "known_"
LIMIT = "known_limit_seconds"
INPUT = "known_input_mib"


def typed(rows: pd.DataFrame, trainable_states: Iterable[str] = ("succeeded",)) -> pd.DataFrame:
    """Return a history with all columns, typed, in the order of submission.

    ``key`` and ``state`` are required. Times are epoch seconds, NaN if unknown: a run without
    ``submitted_at`` was submitted when it started. The durations of runs in ``trainable_states``
    are typical of such runs; the column ``is_trainable`` marks those that can be trained on.

    Raises:
        ValueError: Where a state is none of ``STATES``, or a needed column is missing.
    """
    if missing := {"key", "state"} - set(rows.columns):
        raise ValueError(f"a history needs the columns {sorted(missing)}; it has {[*rows.columns]}")
    if unknown := set(rows["state"].unique()) - set(STATES):
        raise ValueError(f"unknown states {sorted(unknown)}; a run's state is one of {STATES}")
    table = rows.copy()
    for name in MEASURES:
        values = table[name] if name in table else pd.Series(np.nan, index=table.index)
        table[name] = pd.to_numeric(values, errors="coerce").astype(float)
    table["submitted_at"] = table["submitted_at"].fillna(table["started_at"])
    table["seconds"] = table["seconds"].fillna(table["ended_at"] - table["started_at"])
    ended = table["ended_at"].fillna(table["started_at"] + table["seconds"])
    table["ended_at"] = ended.mask(table["state"] == "running")
    for name in LEVELS:
        table[name] = table[name].fillna("").astype(str) if name in table else ""
    table["is_trainable"] = table["state"].isin([*trainable_states]) & table["seconds"].ge(0)
    table["is_trainable"] &= table["ended_at"].notna()
    table = table[table["submitted_at"].notna()]
    return table.sort_values("submitted_at", kind="stable").reset_index(drop=True)


def worded(name: str) -> str:
    """Return a name such as ``median of 5 of key`` with its group in words that users know."""
    what, _, level = name.rpartition(" of ")
    return f"{what} {_GROUP_WORDS[level]}" if what and level in _GROUP_WORDS else name


def known(table: pd.DataFrame) -> pd.DataFrame:
    """Return the ``known_`` columns as numbers: logs of quantities, codes of labels.

    Labels are numbered in the order of first appearance, so that a code never depends on later
    runs.
    """
    codes: dict[str, pd.Series[float]] = {}
    for name in [name for name in table.columns if name.startswith(KNOWN)]:
        values = table[name]
        if pd.api.types.is_numeric_dtype(values):
            sizes = np.log1p(values.clip(lower=0).to_numpy(float))
            codes[name] = pd.Series(sizes, index=table.index)
        else:
            codes[name] = pd.Series(pd.factorize(values)[0].astype(float), index=table.index)
    return pd.DataFrame(codes, index=table.index)
