"""Anomalies that were found, compared with labels by people: the Numenta benchmark's files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from analytics.insights.anomalies import detect

# The benchmark's own rule: what lies in the first 15 percent is for learning and does not count.
LEARNING = 0.15
PLAIN = 3.0
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Hits:
    """Of ``found`` anomalies, how many overlap a window; of ``labelled`` windows, how many met."""

    true: int
    found: int
    met: int
    labelled: int

    def __add__(self, other: Hits) -> Hits:
        """Add up two series."""
        return Hits(
            self.true + other.true,
            self.found + other.found,
            self.met + other.met,
            self.labelled + other.labelled,
        )

    def figures(self) -> dict[str, float]:
        """Return precision, recall and what they are made of."""
        return {
            "precision": self.true / self.found if self.found else 1.0,
            "recall": self.met / self.labelled if self.labelled else 1.0,
            "found": self.found,
            "labelled": self.labelled,
        }


def compare(folder: Path) -> dict[str, dict[str, Hits]]:
    """Return the hits of ours and of a plain z-score by the name of the series."""
    hits = {}
    labels = json.loads((folder / "combined_windows.json").read_text(encoding="utf-8"))
    windows = {name.rpartition("/")[2]: spans for name, spans in labels.items()}
    for path in sorted(folder.rglob("*.csv")):
        if path.name in windows:
            hits[path.stem] = _of_series(pd.read_csv(path), windows[path.name])
    return hits


def _of_series(table: pd.DataFrame, windows: Sequence[Sequence[str]]) -> dict[str, Hits]:
    at = pd.to_datetime(table["timestamp"])
    day = max(24, round(pd.Timedelta("1D") / at.diff().median()))
    times = pd.DatetimeIndex(at)
    labelled = [
        (int(times.searchsorted(first)), int(times.searchsorted(last)))
        for first, last in (map(pd.Timestamp, window) for window in windows)
    ]
    ours = [(anomaly.first, anomaly.last) for anomaly in detect(table["value"].to_numpy(), day)]
    first = int(LEARNING * len(table))
    plain = _plain(table["value"], day)
    return {"ours": _hits(ours, labelled, first), "plain z-score": _hits(plain, labelled, first)}


def _plain(values: pd.Series[float], day: int) -> list[Span]:
    """Return where a value is three standard deviations from the mean of all before it."""
    before = values.shift(1).expanding()
    strange = np.flatnonzero(((values - before.mean()) / before.std()).abs() > PLAIN)
    breaks = np.flatnonzero(np.diff(strange) > day // 2) + 1
    return [(int(g[0]), int(g[-1])) for g in np.split(strange, breaks) if g.size]


def _hits(spans: Sequence[Span], windows: Sequence[Span], first: int) -> Hits:
    counted = [span for span in spans if span[1] >= first]

    def overlap(span: Span, window: Span) -> bool:
        return span[0] <= window[1] and span[1] >= window[0]

    return Hits(
        true=sum(any(overlap(span, window) for window in windows) for span in counted),
        found=len(counted),
        met=sum(any(overlap(span, window) for span in counted) for window in windows),
        labelled=len(windows),
    )
