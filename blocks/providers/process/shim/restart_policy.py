"""Decides whether and when a process that ended by itself is restarted; standard library, pure."""

from __future__ import annotations

FIRST_DELAY_SECONDS = 0.5
MAX_DELAY_SECONDS = 30.0
STEADY_SECONDS = 10.0
"""A process that ran this long resets the back-off."""


def comes_back(policy: str, *, succeeded: bool) -> bool:
    """Tell whether the policy restarts a process that ended."""
    return policy == "always" or (policy == "on-failure" and not succeeded)


def restart_delay(policy: str, exit_code: int, failures: int) -> float | None:
    """Return the seconds to wait before the next start, None to leave it ended.

    ``policy`` is ``always``, ``on-failure`` or ``never``; ``failures`` counts the quick ends
    before this one: each doubles the delay.
    """
    if not comes_back(policy, succeeded=exit_code == 0):
        return None
    return min(MAX_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2.0 ** min(failures, 16))


def quick_ends(failures: int, ran_seconds: float) -> int:
    """Return the number of quick ends in a row before a process that ran ``ran_seconds``."""
    return 0 if ran_seconds >= STEADY_SECONDS else failures
