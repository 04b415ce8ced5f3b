"""The critical-path analysis of a graph as a few lines of Markdown; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tasks.quantities import duration
from tasks.split.analysis import Analysis

_BARS = " ▁▂▃▄▅▆▇█"
_PARTS = 40
# The number of steps of a critical path that are shown.
_ON_PATH = 12
# The number of steps or needs that are named.
_NAMED = 5


def shape_lines(analysis: Analysis, with_history: int) -> Iterator[str]:
    """Yield the figures of a graph; ``with_history`` of its steps have a history, the others none."""
    yield from ("| steps | needs | work | critical path | parallelism | at once |", _COLUMNS)
    yield (
        f"| {analysis.steps} | {analysis.needs} | {duration(analysis.work_seconds)} "
        f"| {duration(analysis.critical_seconds)} | {analysis.parallelism:.1f} | {analysis.max_at_once} |"
    )
    yield from ("", f"- critical path: {_path(analysis.critical_path)}")
    yield f"- slack: {_slack(analysis)}"
    yield f"- {_at_once(analysis)}"
    if analysis.redundant:
        yield f"- needs that could be left out, as others imply them: {_redundant(analysis)}"
    if with_history < analysis.steps:
        yield f"- {analysis.steps - with_history} of {analysis.steps} durations are assumed: no history yet"
    yield ""


_COLUMNS = "|---:|---:|---:|---:|---:|---:|"


def _path(steps: Sequence[str]) -> str:
    if len(steps) > _ON_PATH:
        half = _ON_PATH // 2
        steps = [*steps[:half], f"({len(steps) - 2 * half} more)", *steps[-half:]]
    return " → ".join(steps)


def _slack(analysis: Analysis) -> str:
    loose = {step: slack for step, slack in analysis.slack_seconds.items() if slack}
    tight = analysis.steps - len(loose)
    if not loose:
        return "none; each step delays the whole"
    most = sorted(loose, key=lambda step: -loose[step])[:_NAMED]
    named = ", ".join(f"{step} {duration(loose[step])}" for step in most)
    return f"{tight} of {analysis.steps} steps have none; the most have {named}"


def _at_once(analysis: Analysis) -> str:
    counts = analysis.running(_PARTS)
    most = max(1, analysis.max_at_once)
    bars = "".join(_BARS[-(-count * (len(_BARS) - 1) // most)] for count in counts)
    half = sorted(counts)[_PARTS // 2]
    return (
        f"steps that could run at once, from start to end: `{bars}` "
        f"(up to {analysis.max_at_once}; half of the time {half} or more)"
    )


def _redundant(analysis: Analysis) -> str:
    named = ", ".join(f"{step} needs {need}" for step, need in analysis.redundant[:_NAMED])
    more = len(analysis.redundant) - _NAMED
    return f"{named} and {more} more" if more > 0 else named
