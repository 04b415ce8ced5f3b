"""Which front ports are served: one file for each process of the router, beside its slots.

The router grows by a further process, so that the first one never reloads; whoever leases a port
reads here how far it reaches by now.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from blocks import durable_file

_PREFIX = "serving-"


def announce(directory: Path, first: int, count: int) -> None:
    """Write down that a process serves ``count`` front ports from ``first`` on."""
    durable_file.keep(str(directory / f"{_PREFIX}{first}"), str(count))


def forget(directory: Path) -> None:
    """Forget all that was announced: nothing serves ``directory`` any more."""
    for path in directory.glob(f"{_PREFIX}*"):
        path.unlink(missing_ok=True)


def served(directory: Path) -> list[range]:
    """Return the ranges that were announced, in order."""
    found = []
    for path in directory.glob(f"{_PREFIX}*"):
        first, count = int(path.name.removeprefix(_PREFIX)), int(path.read_text(encoding="ascii"))
        found.append(range(first, first + count))
    return sorted(found, key=lambda each: each.start)


def reach(first: int, slots: int, announced: Sequence[range]) -> int:
    """Return the last front port, of ``announced`` without a gap from ``first`` on.

    Where nothing is announced, the router is about to start with ``slots`` ports.
    """
    end = first
    for each in announced:
        if each.start == end:
            end = each.stop
    return (end if end > first else first + slots) - 1


def lacking(first: int, slots: int, announced: Sequence[range]) -> range:
    """Return the front ports that are wanted beyond those announced; empty when there are none."""
    return range(reach(first, slots, announced) + 1, first + slots)
