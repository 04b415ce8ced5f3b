"""What `make status` prints."""

from __future__ import annotations

from pathlib import Path

from flows.stack.record import Record
from flows.stack.status import program_rows, service_row, table
from tasks.release import Instance, InstanceState

NOW = 100_000.0


def test_a_dead_process_and_a_silent_one_differ() -> None:
    """A hanging server would look like one that was never started."""
    answers = dict.fromkeys(("server", "worker", "router", "reconciler"), False) | {"router": True}
    alive = Record("server", 7, NOW - 120, "mark")
    records = {"server": alive, "worker": None, "router": alive, "reconciler": None}
    rows = {row[0]: row[1:] for row in program_rows(answers, records, NOW)}
    assert rows["server"] == ("silent", "7", "2 min")
    assert rows["worker"] == ("down", "", "")
    assert rows["router"][0] == "answers"


def test_a_service_without_a_process_is_called_gone() -> None:
    """The ledger's intention would be shown as if it were so."""
    meant = Instance(
        id="i",
        project="web",
        environment="prod",
        service="app",
        replica=0,
        release="d" * 64,
        version="1.2",
        directory=Path("/nowhere"),
        host="127.0.0.1",
        port=20_000,
        state=InstanceState.RUNNING,
        started_at=NOW - 90,
    )
    assert service_row(meant, running=False, now=NOW)[3] == "running, but gone"
    assert service_row(meant, running=True, now=NOW)[3:] == (
        "running",
        "20000",
        "1.2 (dddddddddddd)",
        "1 min",
    )


def test_columns_stand_under_each_other() -> None:
    """The table could not be read."""
    assert table(("a", "long"), [("wide one", "x")]).splitlines() == [
        "a         long",
        "wide one  x",
    ]
