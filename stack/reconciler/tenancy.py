"""Checks whether this host still acts on the ledger, which another one may take over."""

from __future__ import annotations

from collections.abc import Callable

from tasks.errors import BadInputError
from tasks.ledger.connection import Ledger
from tasks.ledger.hosts import Host, require_own


class Tenancy:
    """Whether this host still acts on the ledger; another one may have taken it over.

    ``held`` is the result of the last check, for those who cannot wait for the ledger.
    """

    def __init__(self, ledger: Ledger, host: Host, say: Callable[[str], None]) -> None:
        self._ledger, self._host, self._say = ledger, host, say
        self._refusal = ""
        self.held = False

    def holds(self) -> bool:
        """Check once, and report a change once; the result stays if the ledger does not answer."""
        refusal = self._refusal
        try:
            require_own(self._ledger, self._host)
            self._refusal = ""
        except BadInputError as error:
            self._refusal = str(error)
        except Exception as error:  # noqa: BLE001 - a database that is locked, full or away
            self._say(f"cannot check which host owns the ledger: {error}")
        if self._refusal and self._refusal != refusal:
            self._say(f"the reconciler does nothing more: {self._refusal}")
        self.held = not self._refusal
        return self.held
