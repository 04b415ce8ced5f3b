"""The spec that a shim is given, and the possible statuses of its run; free of Prefect."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from blocks.errors import SlipwayError
from blocks.providers.interface import Outcome
from blocks.providers.process.identity import ProcessIdentity


class ShimError(SlipwayError):
    """A shim did not come up, or could not be brought down; the message says which and why."""


@dataclass(frozen=True, slots=True)
class ShimSpec:
    """What a shim is to run.

    ``memory_mib`` is a soft limit on the summed memory of the tree. ``restart`` is ``always``,
    ``on-failure`` or ``never``. Output is kept in ``log_files`` files of ``log_bytes`` each.
    ``durable``: the record of its start is on the disk before it starts, and is known after a power
    loss; that costs milliseconds, which a step that is repeated anyway need not pay.
    """

    directory: Path
    argv: tuple[str, ...]
    cwd: Path
    timeout_seconds: float | None = None
    memory_mib: int | None = None
    restart: str = "never"
    grace_seconds: float = 10
    log_bytes: int = 5_000_000
    log_files: int = 3
    durable: bool = False


@dataclass(frozen=True, slots=True)
class NotStarted:
    """Nothing was ever started in this directory."""


@dataclass(frozen=True, slots=True)
class Running:
    """It runs; ``supervised`` is False when its shim was killed and only the child is left.

    ``child_pid`` is None before the first start and between two. ``quick_ends`` is the number of
    quick ends in a row before the latest start, which was at ``began_at``; ``last_end`` is the
    reason of the last one. ``left_behind`` is the number of processes that outlived the child the
    last time, and were ended then.
    """

    shim: ProcessIdentity
    child_pid: int | None
    restarts: int
    started_at: float
    supervised: bool = True
    quick_ends: int = 0
    began_at: float = 0.0
    last_end: str = ""
    left_behind: int = 0


@dataclass(frozen=True, slots=True)
class Ended:
    """It has come to its end."""

    outcome: Outcome


Status = NotStarted | Running | Ended
