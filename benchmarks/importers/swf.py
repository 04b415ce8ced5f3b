"""The Standard Workload Format 2.2 of the Parallel Workloads Archive (Feitelson et al. 2014).

One line a job, 18 numbers; -1 stands for unknown. The key is the user, the finer groups the user
with what was asked for. Jobs that failed are trained on: most ran to their end and then returned
an error, and whoever plans the machine needs to know how long they hold it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from analytics.history.columns import ENDED, typed

COLUMNS = [
    "job",
    "submit",
    "wait",
    "run",
    "procs",
    "cpu",
    "memory",
    "asked_procs",
    "asked_seconds",
    "asked_memory",
    "status",
    "user",
    "group",
    "app",
    "queue",
    "partition",
    "preceding",
    "think",
]
# Partial executions (2, 3, 4) are parts of a job that another line sums up.
_STATES = {0: "failed", 1: "succeeded", 5: "cancelled"}


def read_swf(path: Path) -> pd.DataFrame:
    """Return the history in ``path``, compressed or not; incomplete jobs are left out.

    Raises:
        ValueError: Where a line has other than 18 numbers.
    """
    jobs = pd.read_csv(path, comment=";", sep=r"\s+", header=None, dtype=float)
    if jobs.shape[1] != len(COLUMNS):
        raise ValueError(f"{path.name}: a job has {len(COLUMNS)} numbers, not {jobs.shape[1]}")
    jobs.columns = pd.Index(COLUMNS)
    jobs["status"] = jobs["status"].where(jobs["status"] >= 0, 1)
    jobs = jobs[jobs["status"].isin([*_STATES]) & jobs["submit"].ge(0)].copy()
    procs = jobs["asked_procs"].where(jobs["asked_procs"] > 0, jobs["procs"])
    user, app = jobs["user"].map("{:.0f}".format), jobs["app"].map("{:.0f}".format)
    request = user + "|" + app + "|" + jobs["asked_seconds"].map("{:.0f}".format)
    ran = jobs["run"] >= 0
    started = jobs["submit"] + jobs["wait"].clip(lower=0)
    return typed(
        pd.DataFrame(
            {
                "finest": request + "|" + procs.map("{:.0f}".format),
                "fine": request,
                "key": user,
                "name": app,
                "tag": jobs["group"].map("{:.0f}".format),
                "kind": "batch",
                "submitted_at": jobs["submit"],
                "started_at": started.where(ran),
                "ended_at": started + jobs["run"].clip(lower=0),
                "state": jobs["status"].astype(int).map(_STATES),
                "seconds": jobs["run"].where(ran),
                "memory_mib": jobs["memory"].where(jobs["memory"] > 0) / 1024,
                "known_limit_seconds": _given(jobs["asked_seconds"]),
                "known_cpus": _given(procs),
                "known_memory_mib": _given(jobs["asked_memory"]) / 1024,
                "known_user": user,
                "known_app": app,
                "known_queue": jobs["queue"].map("{:.0f}".format),
                "known_partition": jobs["partition"].map("{:.0f}".format),
            }
        ),
        trainable_states=ENDED,
    )


def _given(values: pd.Series[float]) -> pd.Series[float]:
    return values.where(values > 0, np.nan)
