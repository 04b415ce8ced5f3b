"""Tests of the ledger on SQLite where several processes open and close it."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from tasks.ledger.connection import open_ledger

ROOT = Path(__file__).parents[3]
INSERT = text("INSERT INTO metric_samples (subject, metric, value, at) VALUES ('s', 'm', 1, 1)")
ANOTHER = """
import sys
from sqlalchemy import text
from tasks.ledger.connection import open_ledger

ledger = open_ledger(sys.argv[1])
with ledger.write() as connection:
    connection.execute(text("DELETE FROM metric_samples WHERE subject = 'nobody'"))
with ledger.read() as connection:
    print(connection.execute(text("SELECT count(*) FROM metric_samples")).scalar_one())
ledger.close()
"""


def counted_elsewhere(url: str) -> int:
    """Return how many samples another process finds, which opens and closes the ledger."""
    output = subprocess.check_output([sys.executable, "-c", ANOTHER, url], cwd=ROOT, text=True)
    return int(output)


@pytest.mark.integration
def test_nothing_is_lost_where_a_process_opens_it_twice(tmp_path: Path) -> None:
    """A run would write its end to a file that is gone: the next one takes it over, and does nothing."""
    url = f"sqlite:///{tmp_path}/ledger.db"
    with closing(open_ledger(url)) as ledger:
        with ledger.write() as connection:
            connection.execute(INSERT)
        open_ledger(url).close()
        assert counted_elsewhere(url) == 1
        with ledger.write() as connection:
            connection.execute(INSERT)
        assert counted_elsewhere(url) == 2


def test_its_file_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    """Everybody on the machine could read what was run."""
    file = tmp_path / "new" / "ledger.db"
    open_ledger(f"sqlite:///{file}").close()
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
