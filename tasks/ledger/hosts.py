"""The claim of one host, i.e. one machine and home, to act on this ledger.

What runs is judged by its processes and folders, which no other host sees: two hosts at once would
each take the other's services for lost.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import Connection, delete, insert, select

from blocks.providers.process.identity import host_name, this_machine
from tasks.errors import BadInputError
from tasks.ledger.connection import AWAY_SECONDS, FIELD, Ledger, open_ledger
from tasks.ledger.tables.deployment import hosts as table
from tasks.settings import Settings

_REMEDY = (
    "Give this host a ledger of its own. To move everything here, call `make down ALL=1` there "
    "first; if that host no longer exists, take its ledger over: make up TAKE=1."
)


@dataclass(frozen=True, slots=True)
class Host:
    """A home on a machine; ``name`` is the machine's host name."""

    machine: str
    home: str
    name: str

    def __str__(self) -> str:
        return f"{self.name}, home {self.home}"

    def is_same(self, other: Host) -> bool:
        """Tell whether both are the same, also if the machine got another name."""
        return (self.machine, self.home) == (other.machine, other.home)


def this_host(home: Path) -> Host:
    """Return the host that this process acts for."""
    return Host(this_machine(), str(home), host_name())


def claim_ledger(ledger: Ledger, host: Host, now: float, *, take: bool = False) -> Host | None:
    """Record that ``host`` acts on the ledger; return the other host that did before, if any.

    Args:
        ledger: The ledger.
        host: The host that claims it.
        now: Epoch seconds.
        take: Take it from another host, which is gone or has stopped everything.

    Raises:
        BadInputError: Another host acts on it, and ``take`` is false.
    """
    with ledger.write() as connection:
        holder = _holder(connection)
        other = holder if holder is not None and not holder.is_same(host) else None
        if other is not None and not take:
            raise _refusal(ledger, other)
        connection.execute(delete(table))
        connection.execute(insert(table).values(**asdict(host), claimed_at=now))
    return other


def release_ledger(ledger: Ledger, host: Host) -> None:
    """Record that ``host`` no longer acts on the ledger, so that another host may claim it."""
    mine = (table.c.machine == host.machine, table.c.home == host.home)
    with ledger.write() as connection:
        connection.execute(delete(table).where(*mine))


def require_own(ledger: Ledger, host: Host) -> None:
    """Refuse to act on a ledger that another host has claimed.

    Raises:
        BadInputError: Another host has claimed it.
    """
    with ledger.read() as connection:
        holder = _holder(connection)
    if holder is not None and not holder.is_same(host):
        raise _refusal(ledger, holder)


def open_own_ledger(config: Settings) -> Ledger:
    """Open the ledger that the settings name, if this host may act on it.

    Raises:
        BadInputError: It cannot be opened, or another host acts on it.
    """
    ledger = open_ledger(config.resolved_ledger_url(), AWAY_SECONDS)
    try:
        require_own(ledger, this_host(config.root))
    except BaseException:
        ledger.close()
        raise
    return ledger


def _holder(connection: Connection) -> Host | None:
    query = select(table.c.machine, table.c.home, table.c.name)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else Host(**row)


def _refusal(ledger: Ledger, holder: Host) -> BadInputError:
    url = ledger.url.render_as_string(hide_password=True)
    return BadInputError(FIELD, url, f"another host acts on this ledger ({holder})", _REMEDY)
