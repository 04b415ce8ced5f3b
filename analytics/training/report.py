"""The report of a training: markdown, and a chart of forecasts against actual durations."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pandas as pd

from analytics.durations.model_selection import COMPARED_RULES, MODEL
from analytics.history.columns import CENSORED, worded
from analytics.history.runs import Run, count_by_state, frame, per_key
from analytics.statistics.averages import Floats
from analytics.training.backtest import Accuracy, Backtest

SHOWN_KEYS = 30
# Prefect calls a run late from then on.
LATE_SECONDS = 15.0
_MAX_KEY_WIDTH = 36
_LONG_SECONDS = 10.0


def markdown(runs: Sequence[Run], backtest: Backtest, since_days: int) -> str:
    """Return the report; it says so when there is no history."""
    if all(run.is_censored for run in runs):
        return (
            "# Training\n\nNothing to learn from yet: no flow run and no step has finished in "
            f"the last {since_days} days. Nothing was published."
        )
    table = per_key(frame(runs))
    finished, apart = sum(not run.is_censored for run in runs), _runs_left_out(runs)
    parts = [
        "# Training",
        f"{finished} finished runs of {len(table)} keys in the last {since_days} days.{apart}",
        "## How far off the forecasts were",
        _accuracies(backtest),
        "## What is expected",
        _keys(table, backtest),
        *_failing(table),
    ]
    return "\n\n".join(parts)


def chart(forecast: Floats, actual_seconds: Floats) -> bytes:
    """Return a PNG: the forecast of each run against its actual duration, both in seconds."""
    # matplotlib takes a second to import.
    from matplotlib.figure import Figure  # noqa: PLC0415 - for that reason

    figure = Figure(figsize=(6, 6), layout="constrained")
    axes = figure.subplots()
    actual = [max(seconds, 1e-3) for seconds in actual_seconds.tolist()]
    predicted = [max(seconds, 1e-3) for seconds in forecast.tolist()]
    ends = [min(actual + predicted), max(actual + predicted)]
    axes.plot(ends, ends, color="0.6", linewidth=1)
    axes.scatter(actual, predicted, s=12, alpha=0.5)
    axes.set(xscale="log", yscale="log", xlabel="took (s)", ylabel="forecast (s)")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:g}")
    axes.set_title(f"{len(actual)} runs, each forecast before it started")
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    return picture.getvalue()


def _runs_left_out(runs: Sequence[Run]) -> str:
    """Return a sentence on the runs that are left out of averages and on those that were late."""
    counts = count_by_state(runs)
    apart = [(state, counts[state]) for state in ("retried", *CENSORED) if counts[state]]
    late = sum(run.started_at - run.submitted_at > LATE_SECONDS for run in runs)
    counted = [f"{count} {state}" for state, count in apart]
    text = f" Told apart, and not averaged in: {', '.join(counted)}." if counted else ""
    return text + (f" {late} began more than {LATE_SECONDS:.0f} s late." if late else "")


def _accuracies(backtest: Backtest) -> str:
    model = backtest.accuracy()
    if model is None:
        return "No key has finished twice, so no forecast could be compared yet."
    rows = [
        _accuracy_row(label, accuracy)
        for label, accuracy in [
            ("**model**", model),
            *((rule.removesuffix(" of key"), backtest.accuracy(rule)) for rule in COMPARED_RULES),
        ]
        if accuracy
    ]
    head = (
        "| forecast | runs | error | error by time | min/max | within 10 % |\n"
        "|---|--:|--:|--:|--:|--:|"
    )
    shares_within = [f"{backtest.coverage(level) or 0.0:.0%}" for level in (0.8, 0.9, 0.95)]
    note = (
        f"{shares_within[0]}, {shares_within[1]} and {shares_within[2]} of the runs took no longer than their 80th, 90th and "
        "95th percentile. Each run is forecast from what had ended when it was submitted. "
        f"{_selection(backtest)}{_failure_scores(backtest)}*Error* is relative to what the run took; "
        "*by time* weighs long runs more; *min/max* is the smaller over the larger of forecast and actual."
    )
    return "\n".join([head, *rows]) + "\n\n" + note


def _selection(backtest: Backtest) -> str:
    selection, promotion = backtest.selection, backtest.promotion
    if selection.selected == MODEL:
        if promotion.forest is None:
            return ""
        return (
            f"The model is {'a new' if promotion.replaces else 'the last'} one: {promotion.why}. "
        )
    return (
        f"On the latest {selection.runs} of them *{worded(selection.selected)}* was better than the model, so "
        "its values are published. "
    )


def _failure_scores(backtest: Backtest) -> str:
    scores = backtest.failure_scores()
    if scores is None:
        return ""
    return f"Failures were predicted with an AUC of {scores[0]:.2f} (Brier {scores[1]:.3f}). "


def _accuracy_row(name: str, accuracy: Accuracy) -> str:
    return (
        f"| {name} | {accuracy.points} | {accuracy.error:.1%} | {accuracy.weighted_error:.1%} "
        f"| {accuracy.min_max_ratio:.3f} | {accuracy.within:.0%} |"
    )


def _keys(table: pd.DataFrame, backtest: Backtest) -> str:
    lines = [
        "| key | on | runs | succeeded | p50 | p90 | rule |",
        "|---|---|--:|--:|--:|--:|---|",
    ]
    expected_by_key = {
        (expected.kind, expected.estimate.key): expected for expected in backtest.expected
    }
    for row in table.head(SHOWN_KEYS).itertuples():
        forecast = expected_by_key.get((str(row.kind), str(row.key)))
        cells = (
            f"{_seconds(forecast.estimate.p50_seconds)} | "
            f"{_seconds(forecast.estimate.p90_seconds)} | {forecast.estimate.rule}"
            if forecast
            else "| | has never succeeded"
        )
        lines.append(
            f"| {_code(row.key)} | {row.kind} | {row.runs} | {row.succeeded:.0%} | {cells} |"
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
    return ["## Keys that never succeed", "\n".join([head, *rows])]


def _seconds(value: float) -> str:
    """Return a duration that is not broken between its number and its unit."""
    return f"{value:.{2 if value < _LONG_SECONDS else 1}f}\N{NO-BREAK SPACE}s"


def _code(key: object) -> str:
    """Quote a key for a table: escape bars, which end a column, and shorten a long key."""
    text = str(key)
    if len(text) > _MAX_KEY_WIDTH:
        start = _MAX_KEY_WIDTH // 3
        text = f"{text[:start]}…{text[start + 1 - _MAX_KEY_WIDTH :]}"
    return "`" + text.replace("|", "\\|") + "`"
