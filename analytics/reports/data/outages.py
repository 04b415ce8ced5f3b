"""The outages of workloads and flows, and how long it takes until they work again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.reports.data.tables import ReportTables

FAILED = ("failed", "timed_out", "out_of_memory", "crashed", "lost")


@dataclass(frozen=True, slots=True)
class Outage:
    """From the end of the first failure of ``key`` to that of its next success, epoch seconds.

    ``until`` is None if it has not succeeded since; ``failures`` is how many there were.
    """

    key: str
    since: float
    until: float | None
    failures: int


def outages(table: pd.DataFrame, key: pd.Series[str]) -> list[Outage]:
    """Return the outages of each key; cancelled runs neither start nor end one.

    ``key`` has the key of every row of ``table``.
    """
    ended = table[table["state"].isin((*FAILED, "succeeded"))].assign(of=key)
    of_all_keys: list[Outage] = []
    for name, runs in ended.sort_values("ended_at", kind="stable").groupby("of"):
        of_all_keys += _outages(str(name), runs)
    return sorted(of_all_keys, key=lambda outage: outage.since)


def _outages(key: str, runs: pd.DataFrame) -> Iterator[Outage]:
    since, failures = np.nan, 0
    for state, ended in zip(runs["state"], runs["ended_at"], strict=True):
        if state == "succeeded" and failures:
            yield Outage(key, since, float(ended), failures)
            failures = 0
        elif state != "succeeded":
            since = since if failures else float(ended)
            failures += 1
    if failures:
        yield Outage(key, since, None, failures)


def all_outages(tables: ReportTables) -> list[Outage]:
    """Return the outages of workloads and of flows."""
    runs, flows = tables.runs, tables.flows
    where = runs["project"] + "/" + runs["workload"] + " in " + runs["environment"]
    flow_names = (
        "flow/"
        + flows["flow"]
        + flows["project"].where(flows["project"] == "", " of " + flows["project"])
    )
    return outages(runs, where) + outages(flows, flow_names)


def ended_seconds(of: Sequence[Outage]) -> list[float]:
    """Return how long each outage lasted that is over."""
    return [outage.until - outage.since for outage in of if outage.until is not None]


def open_seconds(of: Sequence[Outage], now: float) -> list[float]:
    """Return how long each outage that is open had lasted at ``now``."""
    return [max(0.0, now - outage.since) for outage in of if outage.until is None]


def mean_time_to_recovery(tables: ReportTables) -> float | None:
    """Return the mean seconds from a first failure to the next success, open outages included.

    None where nothing has worked again. Otherwise the outages that are open would make it seem
    shorter: the longest of all are the last to end.
    """
    of_all = all_outages(tables)
    ended = ended_seconds(of_all)
    return restricted_mean(ended, open_seconds(of_all, tables.until)) if ended else None


def restricted_mean(ended: Sequence[float], still_open: Sequence[float]) -> float:
    """Return the mean of durations, of which those in ``still_open`` are lower bounds.

    This is the area below the product-limit estimate of the share that lasts longer (Kaplan and
    Meier 1958), up to the longest duration seen (Irwin 1949; Klein and Moeschberger, *Survival
    Analysis*, 2nd ed., section 4.5). Without open ones it is the plain mean. Where the longest is
    open, nothing is known of what comes after it, and the true mean is longer.
    """
    if not still_open:
        return float(np.mean(ended))
    from scipy.stats import CensoredData, ecdf  # noqa: PLC0415 - it takes a second to import

    lasting = ecdf(CensoredData(uncensored=ended, right=still_open)).sf
    moments, shares = np.r_[0.0, lasting.quantiles], np.r_[1.0, lasting.probabilities]
    return float(np.diff(moments) @ shares[:-1])
