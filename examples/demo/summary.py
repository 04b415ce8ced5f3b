"""The summary of `ship`: its closing artifact, read back through the API."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_PART = re.compile(r"^\| ([^|]+?) \| (\d+(?:\.\d+)?) \| ([^|]+?) \|$", re.MULTILINE)
_PARTS = re.compile(r"^\| part \| seconds \| outcome \|\n.*\n((?:\|.*\n?)*)", re.MULTILINE)
_ESTIMATES = re.compile(r"Estimates \((?P<source>[^)]+)\) were off by \d[^\n]*")
_TESTS = re.compile(r"^\| Tests \| (\d+) \|$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Shipped:
    """The parts of one `ship` (name, seconds, outcome), and how far its estimates were off.

    ``source`` is where the estimates came from, e.g. ``history``; empty when nothing was said.
    """

    parts: tuple[tuple[str, float, str], ...] = ()
    tests: int = 0
    source: str = ""
    estimates: str = ""


def read_summary(artifacts: Sequence[dict[str, Any]]) -> Shipped:
    """Return what the markdown artifacts of a `ship` say."""
    text = "\n\n".join(str(artifact.get("data") or "") for artifact in artifacts)
    parts = _PARTS.search(text)
    estimates, tests = _ESTIMATES.search(text), _TESTS.search(text)
    return Shipped(
        parts=tuple(
            (name, float(seconds), outcome)
            for name, seconds, outcome in _PART.findall(parts.group(1) if parts else "")
        ),
        tests=int(tests.group(1)) if tests else 0,
        source=estimates["source"] if estimates else "",
        estimates=estimates.group(0) if estimates else "",
    )
