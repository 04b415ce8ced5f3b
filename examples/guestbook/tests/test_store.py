"""The entries on disk, also under several writers."""

from __future__ import annotations

import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from guestbook.entry import Entry
from guestbook.store import Executions, Store


def _entry(number: int) -> Entry:
    return Entry(f"id-{number}", "Ada", f"message {number}")


class TestOneWriter:
    """What one process writes and reads."""

    def test_newest_first(self, store: Store) -> None:
        """The page would show the oldest entries."""
        for number in range(5):
            store.add(_entry(number), "1", at=0)
        assert [entry.id for entry in store.newest(2)] == ["id-4", "id-3"]
        assert store.count() == 5

    def test_a_repeated_id_is_counted_not_added(self, store: Store) -> None:
        """A request that is executed twice would go unnoticed, or its entry be doubled."""
        counts = [store.add(_entry(1), "1", at=0) for _ in range(3)]
        store.add(_entry(2), "1", at=0)
        assert counts == [1, 2, 3]
        assert store.count() == 2
        assert store.executions() == Executions(requests=4, distinct=2, repeated=("id-1",))

    def test_nothing_yet(self, store: Store) -> None:
        """A fresh guestbook could not be opened."""
        assert store.newest() == []
        assert store.executions() == Executions(0, 0, ())

    def test_it_is_still_there_after_a_restart(self, store: Store, database: Path) -> None:
        """A restart would lose entries."""
        store.add(_entry(1), "1", at=0)
        store.close()
        reopened = Store(database)
        assert reopened.newest() == [_entry(1)]
        reopened.close()

    def test_the_same_object_after_close(self, store: Store) -> None:
        """A closed store would keep connections that no longer work."""
        store.add(_entry(1), "1", at=0)
        store.close()
        assert store.count() == 1


class TestSeveralWriters:
    """What holds while others write the same file."""

    @pytest.mark.parametrize("threads", [2, 8])
    def test_threads_lose_nothing(self, store: Store, threads: int) -> None:
        """Concurrent requests would lose entries or fail with a locked database."""
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda number: store.add(_entry(number), "1", at=0), range(200)))
        assert store.count() == 200
        assert store.executions().repeated == ()

    def test_two_processes_see_each_other(self, store: Store, database: Path) -> None:
        """Two releases side by side, as during a deploy, would each see half of the entries."""
        other = Store(database)
        store.add(_entry(1), "1", at=0)
        assert other.add(_entry(1), "2", at=0) == 2
        assert other.count() == store.count() == 1
        other.close()

    @pytest.mark.parametrize("seconds", [0.5, 1.0])
    def test_a_writer_waits_for_the_other(
        self, store: Store, database: Path, seconds: float
    ) -> None:
        """A short lock, e.g. of a backup, would fail the requests that meet it."""
        locked = threading.Event()

        def hold() -> None:
            with closing(sqlite3.connect(database, isolation_level=None)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                locked.set()
                time.sleep(seconds)
                connection.execute("COMMIT")

        holder = threading.Thread(target=hold)
        holder.start()
        locked.wait(5)
        assert store.add(_entry(1), "1", at=0) == 1
        holder.join()

    def test_a_reader_does_not_wait(self, store: Store, database: Path) -> None:
        """The page would hang while somebody writes."""
        with closing(sqlite3.connect(database, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            assert store.count() == 0
            connection.execute("ROLLBACK")

    def test_a_lock_without_end_is_an_error(self, store: Store, database: Path) -> None:
        """A request would hang for ever, and hold its thread."""
        impatient = Store(database, busy_seconds=0.5)
        with closing(sqlite3.connect(database, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                impatient.add(_entry(1), "1", at=0)
            connection.execute("ROLLBACK")
        impatient.close()
        assert store.count() == 0
