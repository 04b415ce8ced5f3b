"""Describes the end of a run and its cause, for its exit record; pure."""

from __future__ import annotations

from blocks.providers.process.shim.child import exit_words

TYPE_CHECKING = False
if TYPE_CHECKING:  # what is imported here costs each shim time and memory
    from collections.abc import Sequence

PREEMPTED = "preempted"
OUT_OF_MEMORY = "out of memory"
TIMED_OUT = "timed out"


def verdict(
    reason: str, code: int | None, timeout_seconds: float | None, memory_mib: int | None
) -> tuple[str, str]:
    """Return the end and its cause; ``reason`` is why it was ended, empty if it ended by itself."""
    if reason == PREEMPTED:
        return reason, "stopped"
    if reason == TIMED_OUT:
        return reason, f"took longer than {timeout_seconds:g} s"
    if reason == OUT_OF_MEMORY:
        return reason, f"used more than {memory_mib} MiB"
    return ("succeeded", "") if code == 0 else ("failed", exit_words(code))


def with_survivors(cause: str, survivors: Sequence[int]) -> str:
    """Return ``cause`` with the processes that could not be ended, if there are any."""
    if not survivors:
        return cause
    return f"{cause}; could not be ended: {', '.join(map(str, survivors))}".lstrip("; ")
