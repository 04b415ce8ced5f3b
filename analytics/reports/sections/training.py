"""The trends in the training history, for the report of a training."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from analytics.history.runs import Run
from analytics.reports.render.markdown import table_text
from analytics.reports.sections.growth import growth_table


def of_training(runs: Sequence[Run]) -> str:
    """Return the clear trends as markdown; empty if there is none."""
    rows = [(run.key, _state(run), run.ended_at, run.seconds) for run in runs]
    table = pd.DataFrame(rows, columns=["key", "state", "ended_at", "seconds"])
    trends = growth_table("trends", table, ("duration", "failures"))
    return table_text(trends, titled=False) if trends else ""


def _state(run: Run) -> str:
    return run.state or ("succeeded" if run.succeeded else "failed")
