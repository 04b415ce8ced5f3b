"""A history as typed columns: one row a run, whatever recorded it.

What was known of a run before it started stands in columns of its own, whose names start with
``known_``; everything else is what came of it, and a forecast may read it of earlier runs only.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

# How a run stands. The first four ended by themselves; the others were stopped or lost, or go on:
# how long those took is only a lower bound (they are censored), and no forecast averages them in.
ENDED = ("succeeded", "failed", "timed_out", "out_of_memory")
CENSORED = ("cancelled", "crashed", "running")
STATES = ENDED + CENSORED

# From the finest to the coarsest group of runs that are alike; the last stands for all runs.
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
    """Return a history with every column there and typed, in the order of submission.

    ``key`` and ``state`` must be there. Times are epoch seconds, NaN where unknown: a run without
    ``submitted_at`` was submitted when it started. ``trainable_states`` are the states whose duration says
    how long such a run takes; the column of that name says it of each run.

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
    """Return a name such as ``median of 5 of key`` with the group in the words of its users."""
    what, _, level = name.rpartition(" of ")
    return f"{what} {_GROUP_WORDS[level]}" if what and level in _GROUP_WORDS else name


def known(table: pd.DataFrame) -> pd.DataFrame:
    """Return what was known beforehand as numbers: logs of quantities, codes of labels.

    A label's code is its place in the order of first appearance, so that it never depends on what
    came later.
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
