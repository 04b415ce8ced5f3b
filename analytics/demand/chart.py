"""The demand forecast of the next week, shown as a sentence and as a chart with its band."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from analytics.demand.forecast import Demand, forecast
from analytics.demand.hourly import HOUR_SECONDS, HourlyUse, hourly
from analytics.history.runs import FLOW_KIND, Run
from analytics.statistics.seasonal import DAY_HOURS, Values

WEEK_HOURS = 7 * DAY_HOURS
MEASURES = {"runs": "flow runs started per hour", "slots": "flow runs running at once (mean)"}


@dataclass(frozen=True, slots=True)
class DemandOutlook:
    """One measure, hour by hour: the past, the newest last, and the forecast from ``start`` on.

    ``start`` is in epoch seconds, a whole hour.
    """

    start: float
    past: Values
    demand: Demand


def outlooks(runs: Iterable[Run], now: float) -> dict[str, DemandOutlook]:
    """Return the outlook of ``MEASURES`` for the next 168 h; empty for under two days of history.

    Every flow run counts, however it ended: it was requested, and held a slot.
    """
    uses = [
        HourlyUse(run.started_at, None if math.isnan(run.ended_at) else run.ended_at)
        for run in runs
        if run.kind == FLOW_KIND
    ]
    if not uses:
        return {}
    table = hourly(uses, min(use.started_at for use in uses), now)
    start = now // HOUR_SECONDS * HOUR_SECONDS
    pasts = {name: table[name].to_numpy(float) for name in MEASURES}
    demands = {name: forecast(past, WEEK_HOURS) for name, past in pasts.items()}
    return {
        name: DemandOutlook(start, pasts[name], demand)
        for name, demand in demands.items()
        if demand
    }


def summary(outlooks_by_measure: Mapping[str, DemandOutlook]) -> str:
    """Return sentences on the demand of the next day and week, and the error of such forecasts."""
    runs, slots = outlooks_by_measure["runs"].demand, outlooks_by_measure["slots"].demand
    day, week = (runs.mean[:hours].sum() for hours in (DAY_HOURS, WEEK_HOURS))
    return (
        f"About {day:.0f} flow runs in the next 24 h and {week:.0f} in 168 h; in the fullest hour "
        f"{slots.median.max():.1f} at once, nine times in ten no more than {slots.high.max():.1f}. "
        f"Such forecasts were off by {runs.error:.2g} runs an hour, the same hour of the day or "
        f"week before by {runs.naive_error:.2g}."
    )


def chart(outlooks_by_measure: Mapping[str, DemandOutlook]) -> bytes:
    """Return a PNG: a panel a measure, the last week beside the next with its 80 % band."""
    # matplotlib takes a second to import.
    from matplotlib.figure import Figure  # noqa: PLC0415 - for that reason

    figure = Figure(figsize=(10, 6), layout="constrained")
    panels = figure.subplots(len(outlooks_by_measure), sharex=True, squeeze=False)[:, 0]
    for axes, (name, outlook) in zip(panels, outlooks_by_measure.items(), strict=True):
        past, coming = outlook.past[-WEEK_HOURS:], outlook.demand
        before = _hours(outlook.start - len(past) * HOUR_SECONDS, len(past))
        after = _hours(outlook.start, len(coming.median))
        axes.step(before, past, where="post", color="0.4", linewidth=1, label="was")
        band = axes.fill_between(after, coming.low, coming.high, step="post", alpha=0.25)
        band.set_label("8 of 10 hours should lie within")
        axes.step(after, coming.median, where="post", label="expected (median)")
        axes.axvline(after[0], color="0.7", linewidth=1)
        # Room for the legend.
        top = 1.2 * max(past.max(), coming.high.max(), 1e-3)
        axes.set(ylabel=MEASURES[name].replace(" (", "\n("), ylim=(0, top))
        axes.legend(loc="upper left", ncols=3, fontsize="small", frameon=False)
    panels[-1].set_xlabel("UTC")
    panels[0].set_title("Demand of the last week and of the next")
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    return picture.getvalue()


def _hours(start: float, number: int) -> list[datetime]:
    first = datetime.fromtimestamp(start, UTC)
    return [first + timedelta(hours=hour) for hour in range(number)]
