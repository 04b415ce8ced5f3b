"""The bars of a benchmark: what it must reach, the last line of its output, and its exit status.

Every benchmark takes ``--json``, which prints one JSON object with ``bars`` as the last line, and
``--check``, which makes the exit status 1 where a bar is missed.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Bar:
    """What was measured, and the limit that it must keep: one number, or the lowest and highest."""

    value: float | None
    limit: float | tuple[float, float]
    met: bool


Bars = Mapping[str, Bar]
"""By name; empty where nothing was promised of what was measured."""


def at_most(value: float | None, limit: float) -> Bar:
    """Return a bar that is met up to ``limit``; a value that is not known misses it."""
    return Bar(value, limit, value is not None and bool(value <= limit))


def at_least(value: float | None, limit: float) -> Bar:
    """Return a bar that is met from ``limit`` on; a value that is not known misses it."""
    return Bar(value, limit, value is not None and bool(value >= limit))


def between(value: float | None, low: float, high: float) -> Bar:
    """Return a bar that is met from ``low`` to ``high``; a value that is not known misses it."""
    return Bar(value, (low, high), value is not None and bool(low <= value <= high))


def add_options(parser: ArgumentParser) -> None:
    """Add the two options that every benchmark takes."""
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a bar is missed")


def last_line(figures: Mapping[str, object], bars: Bars) -> str:
    """Return the figures and the bars as one JSON object on one line."""
    return json.dumps({**figures, "bars": {name: asdict(bar) for name, bar in bars.items()}})


def end(options: Namespace, figures: Mapping[str, object], bars: Bars) -> int:
    """Print what is asked for; return the exit status.

    With ``--check`` the bars that were missed are named on standard error.
    """
    if options.json:
        print(last_line(figures, bars), flush=True)
    missed = {name: bar for name, bar in bars.items() if not bar.met}
    if not options.check or not missed:
        return 0
    for name, bar in missed.items():
        print(f"missed: {name} is {bar.value}, limit {bar.limit}", file=sys.stderr)
    return 1
