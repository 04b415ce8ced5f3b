"""Opens the ledger for a process that always runs, as soon as that is possible."""

from __future__ import annotations

import threading

from stack.log import say
from tasks.ledger.connection import Ledger, open_ledger

LEDGER_SECONDS = 5.0


def open_ledger_patiently(url: str, stopping: threading.Event) -> Ledger:
    """Open the ledger, and try again while that is not possible, e.g. on a full disk."""
    while True:
        try:
            return open_ledger(url)
        except Exception as error:  # whatever the database says
            if stopping.wait(LEDGER_SECONDS):
                raise
            say(f"the ledger cannot be opened: {error}")
