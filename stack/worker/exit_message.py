"""The message of a flow run whose process has ended by itself: how, what it leaves, what to do."""

from __future__ import annotations

import re
import signal
from collections.abc import Mapping

PREFECTS = "Process exited with status code"
"""How the message begins that Prefect gives such a run; it guesses who has ended the process."""
_PREFECTS = re.compile(rf"{PREFECTS}: (-?\d+)\.")
_SIGNAL_BASE = 128
"""A shell adds it to the number of the signal that has ended a process."""
_AGAIN = "Start it again."
_LEFT: Mapping[str, str] = {
    "run": "Start it again: it repeats no step that has finished.",
    **dict.fromkeys(
        ("deploy", "rollback", "ship"),
        "A rollout that had begun is finished or taken back within seconds: `status` then says "
        "which version serves. Start it again if that is not the one you want.",
    ),
    **dict.fromkeys(
        ("launch", "restart", "stop", "forget"), "`status` says what runs. Start it again."
    ),
}


def exit_status(message: str) -> int | None:
    """Return the exit status in a message of Prefect; None if it is another message."""
    named = _PREFECTS.match(message)
    return int(named[1]) if named else None


def exit_message(status: int, operation: str) -> str:
    """Return the message for a process of ``operation`` that ended with ``status``, not zero."""
    number = -status if status < 0 else status - _SIGNAL_BASE
    try:
        how = f"was ended by {signal.Signals(number).name}"
    except ValueError:
        how = f"ended with exit code {status}"
    return f"Its process {how}. {_LEFT.get(operation, _AGAIN)}"
