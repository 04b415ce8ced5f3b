"""The public ports that the router serves, recorded in one file for each of its processes.

The router grows by a further process, so that the first one never reloads; leasing a port reads
here how far the ports reach by now.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from blocks import durable_file

_PREFIX = "serving-"


def announce(directory: Path, first: int, count: int) -> None:
    """Record that a process serves ``count`` public ports from ``first`` on."""
    durable_file.keep(str(directory / f"{_PREFIX}{first}"), str(count))


def forget(directory: Path) -> None:
    """Remove all announcements, as nothing serves ``directory`` any more."""
    for path in directory.glob(f"{_PREFIX}*"):
        path.unlink(missing_ok=True)


def served(directory: Path) -> list[range]:
    """Return the ranges that were announced, in order."""
    ranges = []
    for path in directory.glob(f"{_PREFIX}*"):
        first, count = int(path.name.removeprefix(_PREFIX)), int(path.read_text(encoding="ascii"))
        ranges.append(range(first, first + count))
    return sorted(ranges, key=lambda each: each.start)


def reach(first: int, slots: int, announced: Sequence[range]) -> int:
    """Return the last public port that ``announced`` reach from ``first`` on without a gap.

    If nothing is announced, the router is about to start with ``slots`` ports.
    """
    end = first
    for each in announced:
        if each.start == end:
            end = each.stop
    return (end if end > first else first + slots) - 1


def lacking(first: int, slots: int, announced: Sequence[range]) -> range:
    """Return the public ports that are configured but not announced yet; may be empty."""
    return range(reach(first, slots, announced) + 1, first + slots)
