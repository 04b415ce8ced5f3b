"""What the shape of a graph allows, as a few lines of Markdown. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tasks.split.analysis import Analysis

_BARS = " ▁▂▃▄▅▆▇█"
_PARTS = 40
_ON_PATH, _NAMED = 12, 5
_HOUR = 3600


def shape_lines(found: Analysis, known: int) -> Iterator[str]:
    """Give the figures of a graph; ``known`` of its steps have a history, the others none."""
    yield from ("| steps | needs | work | critical path | parallelism | at once |", _COLUMNS)
    yield (
        f"| {found.steps} | {found.needs} | {_seconds(found.work_seconds)} "
        f"| {_seconds(found.critical_seconds)} | {found.parallelism:.1f} | {found.most_at_once} |"
    )
    yield from ("", f"- critical path: {_path(found.critical_path)}")
    yield f"- slack: {_slack(found)}"
    yield f"- {_at_once(found)}"
    if found.redundant:
        yield f"- needs that could be left out, as others imply them: {_redundant(found)}"
    if known < found.steps:
        yield f"- {found.steps - known} of {found.steps} durations are assumed: no history yet"
    yield ""


_COLUMNS = "|---:|---:|---:|---:|---:|---:|"


def _path(steps: Sequence[str]) -> str:
    if len(steps) > _ON_PATH:
        half = _ON_PATH // 2
        steps = [*steps[:half], f"({len(steps) - 2 * half} more)", *steps[-half:]]
    return " → ".join(steps)


def _slack(found: Analysis) -> str:
    loose = {step: slack for step, slack in found.slack_seconds.items() if slack}
    tight = found.steps - len(loose)
    if not loose:
        return "none; each step delays the whole"
    most = sorted(loose, key=lambda step: -loose[step])[:_NAMED]
    named = ", ".join(f"{step} {_seconds(loose[step])}" for step in most)
    return f"{tight} of {found.steps} steps have none; the most have {named}"


def _at_once(found: Analysis) -> str:
    counts = found.running(_PARTS)
    most = max(1, found.most_at_once)
    bars = "".join(_BARS[-(-count * (len(_BARS) - 1) // most)] for count in counts)
    half = sorted(counts)[_PARTS // 2]
    return (
        f"steps that could run at once, from start to end: `{bars}` "
        f"(up to {found.most_at_once}; half of the time {half} or more)"
    )


def _redundant(found: Analysis) -> str:
    named = ", ".join(f"{step} needs {need}" for step, need in found.redundant[:_NAMED])
    more = len(found.redundant) - _NAMED
    return f"{named} and {more} more" if more > 0 else named


def _seconds(value: float) -> str:
    return f"{value:.1f} s" if value < _HOUR else f"{value / _HOUR:.1f} h"
