"""Lends one open ledger to all parts of this process that need it at the same time.

To open one takes some queries, and each has its own prepared statements and its own place in the
queue of writers.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tasks.ledger.connection import Ledger
from tasks.ledger.hosts import open_own_ledger
from tasks.settings import Settings


@dataclass(slots=True)
class _Loan:
    ledger: Ledger
    borrowers: int = 0


_LOANS: dict[tuple[str, Path], _Loan] = {}
_LENDING = threading.Lock()


@contextmanager
def lent_ledger(config: Settings) -> Iterator[Ledger]:
    """Lend the ledger that the settings name; it is closed when nobody needs it any more.

    Raises:
        BadInputError: It cannot be opened, or another host acts on it.
    """
    key = (config.resolved_ledger_url(), config.root)
    with _LENDING:
        if key not in _LOANS:
            _LOANS[key] = _Loan(open_own_ledger(config))
        loan = _LOANS[key]
        loan.borrowers += 1
    try:
        yield loan.ledger
    finally:
        with _LENDING:
            loan.borrowers -= 1
            if not loan.borrowers:
                del _LOANS[key]
                loan.ledger.close()
