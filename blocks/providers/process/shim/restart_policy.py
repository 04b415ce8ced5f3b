"""When a process that ended by itself is started again; standard library only, pure."""

from __future__ import annotations

FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 30.0
STEADY_SECONDS = 10.0
"""A process that ran this long starts the back-off anew."""


def comes_back(policy: str, *, succeeded: bool) -> bool:
    """Tell whether what ended is to be started again, whoever does it."""
    return policy == "always" or (policy == "on-failure" and not succeeded)


def restart_delay(policy: str, exit_code: int, failures: int) -> float | None:
    """Return the seconds to wait before the next start, None to leave it ended.

    ``policy`` is ``always``, ``on-failure`` or ``never``; ``failures`` counts the quick ends
    before this one: each doubles the delay.
    """
    if not comes_back(policy, succeeded=exit_code == 0):
        return None
    return min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2.0 ** min(failures, 16))


def quick_ends(failures: int, ran_seconds: float) -> int:
    """Return how many quick ends in a row there were before one that ran ``ran_seconds``."""
    return 0 if ran_seconds >= STEADY_SECONDS else failures
