"""What training found, for people: markdown, and a chart of actual against predicted."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pandas as pd

from analytics.backtest import Accuracy, Backtest, Point
from analytics.durations import RULES
from analytics.history import Run, frame, per_key

SHOWN_KEYS = 30
_WIDEST, _LONG = 36, 10.0


def markdown(runs: Sequence[Run], tested: Backtest, since_days: int) -> str:
    """Return the report; it says so when there is no history."""
    if not runs:
        return (
            "# Training\n\nNothing to learn from yet: no flow run and no step has finished in "
            f"the last {since_days} days. Nothing was published."
        )
    table = per_key(frame(runs))
    parts = [
        "# Training",
        f"{len(runs)} finished runs of {len(table)} keys in the last {since_days} days.",
        "## How far off the forecasts were",
        _accuracies(tested),
        "## What is expected",
        _keys(table, tested),
        *_failing(table),
    ]
    return "\n\n".join(parts)


def chart(points: Sequence[Point]) -> bytes:
    """Return a PNG: what was forecast of each run against what it took, both in seconds."""
    # matplotlib takes a second to import.
    from matplotlib.figure import Figure  # noqa: PLC0415 - for that reason

    figure = Figure(figsize=(6, 6), layout="constrained")
    axes = figure.subplots()
    actual = [max(point.run.seconds, 1e-3) for point in points]
    predicted = [max(point.forecast.p50, 1e-3) for point in points]
    ends = [min(actual + predicted), max(actual + predicted)]
    axes.plot(ends, ends, color="0.6", linewidth=1)
    axes.scatter(actual, predicted, s=12, alpha=0.5)
    axes.set(xscale="log", yscale="log", xlabel="took (s)", ylabel="forecast (s)")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:g}")
    axes.set_title(f"{len(points)} runs, each forecast before it started")
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    return picture.getvalue()


def _accuracies(tested: Backtest) -> str:
    model = tested.accuracy()
    if model is None:
        return "No key has finished twice, so no forecast could be compared yet."
    rows = [
        _accuracy_row(label, found)
        for label, found in [
            ("**model**", model),
            *((rule, tested.accuracy(rule)) for rule in RULES),
        ]
        if found
    ]
    head = (
        "| forecast | runs | error | error by time | likeness | within 10 % |\n"
        "|---|--:|--:|--:|--:|--:|"
    )
    coverage = tested.coverage() or 0.0
    note = (
        f"{coverage:.0%} of the runs took no longer than their 90th percentile. Each run is "
        "forecast from what had ended when it started. *Error* is relative to what the run took; "
        "*by time* weighs long runs more; *likeness* is min/max of forecast and actual."
    )
    return "\n".join([head, *rows]) + "\n\n" + note


def _accuracy_row(name: str, found: Accuracy) -> str:
    return (
        f"| {name} | {found.points} | {found.error:.1%} | {found.weighted_error:.1%} "
        f"| {found.likeness:.3f} | {found.within:.0%} |"
    )


def _keys(table: pd.DataFrame, tested: Backtest) -> str:
    lines = [
        "| key | on | runs | succeeded | p50 | p90 | rule |",
        "|---|---|--:|--:|--:|--:|---|",
    ]
    for row in table.head(SHOWN_KEYS).itertuples():
        forecast = tested.model.forecast(str(row.kind), str(row.key))
        expected = (
            f"{_seconds(forecast.p50)} | {_seconds(forecast.p90)} | {forecast.rule}"
            if forecast
            else "| | has never succeeded"
        )
        lines.append(
            f"| {_code(row.key)} | {row.kind} | {row.runs} | {row.succeeded:.0%} | {expected} |"
        )
    if len(table) > SHOWN_KEYS:
        lines.append(f"\nThe {SHOWN_KEYS} keys that took most time, of {len(table)}.")
    return "\n".join(lines)


def _failing(table: pd.DataFrame) -> list[str]:
    failing = table[table["succeeded"] < 1].sort_values("succeeded", kind="stable")
    if failing.empty:
        return []
    rows = [
        f"| {_code(row.key)} | {row.kind} | {row.runs} | {row.succeeded:.0%} |"
        for row in failing.head(SHOWN_KEYS).itertuples()
    ]
    head = "| key | on | runs | succeeded |\n|---|---|--:|--:|"
    return ["## What fails", "\n".join([head, *rows])]


def _seconds(value: float) -> str:
    """Return a duration that is not broken between its number and its unit."""
    return f"{value:.{2 if value < _LONG else 1}f}\N{NO-BREAK SPACE}s"


def _code(key: object) -> str:
    """Quote a key for a table: a bar in it would open another column, a long one hide the rest."""
    text = str(key)
    if len(text) > _WIDEST:
        start = _WIDEST // 3
        text = f"{text[:start]}…{text[start + 1 - _WIDEST :]}"
    return "`" + text.replace("|", "\\|") + "`"
