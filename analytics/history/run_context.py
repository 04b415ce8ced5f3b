"""The groups of similar runs: by their parameters, by key, name and tag, or by kind only."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from analytics.history.columns import LEVELS

Ints = npt.NDArray[np.int64]

FINER = ("finest", "fine")


def groups(table: pd.DataFrame) -> dict[str, Ints]:
    """Return the number of each run's group, for every level that separates runs.

    A run without a finer label is in a group with the other such runs of its key.
    """
    codes_by_level: dict[str, Ints] = {}
    for level in LEVELS:
        is_named = table[level].ne("")
        if level not in {"key", "kind"} and not is_named.any():
            continue
        label = table["kind"] + "\0" + table[level]
        if level in FINER:
            label = label.where(is_named, label + "\0" + table["key"])
        codes = pd.factorize(label)[0].astype(np.int64)
        same = any(_is_finer(other, codes) for other in codes_by_level.values())
        if level in {"key", "kind"} or not (same or len(np.unique(codes)) <= 1):
            codes_by_level[level] = codes
    return codes_by_level


def _is_finer(codes: Ints, other: Ints) -> bool:
    """Return whether two levels form the same groups, so that the second adds nothing."""
    pairs = pd.factorize(pd.MultiIndex.from_arrays([codes, other]))[1]
    return len(pairs) == len(np.unique(codes)) == len(np.unique(other))
