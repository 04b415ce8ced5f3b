"""Tests of transactions, versions and opening of the ledger."""

from __future__ import annotations

import stat
import threading
from contextlib import closing, suppress
from pathlib import Path

import pytest
from sqlalchemy import select, text

from blocks.file_system import mount_of
from tasks.errors import BadInputError
from tasks.ledger import connection as connecting
from tasks.ledger.connection import Ledger, LedgerError, open_ledger
from tasks.ledger.tables.learning import samples
from tests.tasks.ledger.databases import postgresql

INSERT = text("INSERT INTO metric_samples (subject, metric, value, at) VALUES ('s', 'm', 1, 1)")


def count(ledger: Ledger) -> int:
    """Count the samples, through a transaction of its own."""
    with ledger.read() as connection:
        return len(connection.execute(select(samples.c.id)).all())


@pytest.mark.integration
def test_a_database_server_that_restarts_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: a restart of a second ends every run that just reads or writes."""
    server, door, aside = postgresql(), tmp_path / "door", tmp_path / "aside"
    door.symlink_to(server.directory)
    url = server.url(server.create()).replace(str(server.directory), str(door))
    pauses: list[float] = []

    def come_back(seconds: float) -> None:
        """Let the server be there again at the third pause."""
        pauses.append(seconds)
        if len(pauses) == 3:
            aside.rename(door)

    monkeypatch.setattr("tasks.ledger.connection.time.sleep", come_back)
    with closing(open_ledger(url)) as ledger:
        ledger.close()  # its connections go with the server
        door.rename(aside)
        assert count(ledger) == 0
        assert len(pauses) == 3
        ledger.close()
        door.rename(aside)
        pauses.clear()
        with closing(open_ledger(url, patience_seconds=60)) as other, other.write() as connection:
            connection.execute(INSERT)
        assert count(ledger) == 1
        door.rename(aside)
        monkeypatch.setattr(connecting, "AWAY_SECONDS", 0.0)
        ledger.close()
        with pytest.raises(LedgerError, match="accepts no connections: start this again"):
            count(ledger)


@pytest.mark.integration
def test_a_database_that_takes_no_writes_or_nobody_says_so() -> None:
    """Broken: a state quotes the statement and its rows, and no remedy."""
    server = postgresql()
    with closing(open_ledger(server.url(server.create()))) as ledger:
        name = ledger.url.database
        with ledger.database.engine.connect() as connection:
            connection.exec_driver_sql(
                f"ALTER DATABASE {name} SET default_transaction_read_only = on"
            )
            connection.commit()
        ledger.close()
        with pytest.raises(LedgerError, match=r"is read-only: make it writable") as caught:  # noqa: SIM117
            with ledger.write() as connection:
                connection.execute(INSERT)
        assert "[SQL" not in str(caught.value)
        assert ledger.database.is_away("FATAL:  sorry, too many clients already")
        assert ledger.database.is_away("FATAL:  remaining connection slots are reserved")


def test_a_write_is_seen_by_others_once_committed(ledger: Ledger, url: str) -> None:
    """Otherwise what one process records, another does not find."""
    other = open_ledger(url)
    with ledger.write() as connection:
        connection.execute(INSERT)
        assert count(other) == 0
    assert count(other) == 1
    other.close()


def test_a_write_that_raises_leaves_nothing(ledger: Ledger) -> None:
    """Otherwise half of an operation would stand."""

    def fail() -> None:
        with ledger.write() as connection:
            connection.execute(INSERT)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert count(ledger) == 0


def test_a_read_sees_one_state_throughout(ledger: Ledger, url: str) -> None:
    """Otherwise a decision would be made on a mixture of two states."""
    other = open_ledger(url)
    with other.read() as connection:
        before = connection.execute(select(samples.c.id)).all()
        with ledger.write() as writer:
            writer.execute(INSERT)
        assert connection.execute(select(samples.c.id)).all() == before
    other.close()


@pytest.mark.slow
def test_writers_wait_for_each_other_from_their_first_statement(ledger: Ledger, url: str) -> None:
    """Read-then-write would otherwise act on what another writer is just changing."""
    other = open_ledger(url)
    order: list[str] = []

    def second() -> None:
        with other.write() as connection:
            order.append(f"second sees {len(connection.execute(select(samples.c.id)).all())}")

    thread = threading.Thread(target=second)
    with ledger.write() as connection:
        connection.execute(INSERT)
        thread.start()
        thread.join(0.1)
        order.append("first ends")
    thread.join()
    assert order == ["first ends", "second sees 1"]
    other.close()


def test_version_moves_with_everybodys_commits_and_only_with_them(ledger: Ledger, url: str) -> None:
    """A waiter that misses a commit sleeps on; one woken by nothing burns the machine."""
    other = open_ledger(url)
    versions = [ledger.version()]
    for writer in (ledger, other, ledger):
        with writer.write() as connection:
            connection.execute(INSERT)
        versions.append(ledger.version())
    assert len(set(versions)) == len(versions)
    with other.write() as connection:
        connection.execute(select(samples.c.id)).all()
    count(other)
    assert ledger.version() == versions[-1]
    other.close()


def test_many_threads_may_share_it(ledger: Ledger) -> None:
    """Flows call it from asyncio.to_thread; a lost or failed write would lose an outcome."""
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(10):
                with ledger.write() as connection:
                    connection.execute(INSERT)
                count(ledger)
                ledger.version()
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test must see it
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert count(ledger) == 80


def test_a_closed_ledger_connects_again(ledger: Ledger) -> None:
    """A flow that closes it early would otherwise fail at its very end."""
    ledger.close()
    assert ledger.version() >= 0
    assert count(ledger) == 0


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    """Whoever else has an account could otherwise read what runs and where."""
    path = tmp_path / "new" / "ledger.db"
    open_ledger(f"sqlite:///{path}").close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "bad", ["mysql://host/name", "sqlite://", "sqlite:///:memory:", "no url", "sqlite:////proc/x/l"]
)
def test_a_place_it_cannot_live_in_is_refused(bad: str) -> None:
    """Otherwise a wrong setting shows as a traceback of the driver."""
    with pytest.raises(BadInputError, match="SLIPWAY_LEDGER_URL"):
        open_ledger(bad)


def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    """A wrong path must not cost the user the file that stands there."""
    path = tmp_path / "notes.txt"
    path.write_text("not a database" * 100)
    with pytest.raises(BadInputError, match="not a database"):
        open_ledger(f"sqlite:///{path}")
    assert path.read_text() == "not a database" * 100


def test_a_database_that_went_away_is_our_own_error(tmp_path: Path) -> None:
    """Callers would otherwise have to know the driver's exceptions."""
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    ledger.close()
    for file in tmp_path.iterdir():
        file.unlink()
    with pytest.raises(LedgerError):
        count(ledger)
    ledger.close()


def test_a_full_disk_is_named_with_what_to_do(tmp_path: Path) -> None:
    """Who reads that the ledger failed makes room on the wrong disk, or looks for a defect."""
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")

    def fill() -> None:
        with ledger.write() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 1")
            connection.exec_driver_sql("CREATE TABLE filling AS SELECT zeroblob(1000000)")

    with pytest.raises(LedgerError) as full:
        fill()
    assert "database or disk is full. No room is left on the file system at" in str(full.value)
    assert f"at {mount_of(tmp_path)} (" in str(full.value)
    assert "start this again" in str(full.value)
    ledger.close()


@pytest.mark.integration
def test_a_disk_without_room_for_it_is_named(small_disk: Path) -> None:
    """The remedy says to name another file, or that another writer holds it."""
    url = f"sqlite:///{small_disk / 'ledger.db'}"
    with (small_disk / "filling").open("wb", buffering=0) as filling, suppress(OSError):
        while True:
            filling.write(bytes(4096))
    with pytest.raises(LedgerError, match=f"No room is left on the file system at {small_disk} "):
        open_ledger(url)


def test_a_password_is_not_in_the_error() -> None:
    """Errors end up in logs."""
    with pytest.raises(BadInputError) as caught:
        open_ledger("postgresql://me:geheim@127.0.0.1:25499/none?connect_timeout=2")
    assert "geheim" not in str(caught.value)
