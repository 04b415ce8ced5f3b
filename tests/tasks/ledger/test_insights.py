"""Tests of insights, each of which is one row from its first sight to its end."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from tasks.ledger.connection import Ledger
from tasks.ledger.insights import RaisedInsight, insights, open_insights, write_insights
from tasks.ledger.tables.learning import insights as table

SLOW = RaisedInsight("regression", "flow/ship", "warning", "run-8", "twice", 5.0, 10.0, 10.0)


def test_it_stays_one_row_while_it_holds(ledger: Ledger) -> None:
    """Every night would add the same line to the list."""
    write_insights(ledger, [SLOW])
    worse = replace(SLOW, severity="critical", size="thrice", seen_at=20.0)
    write_insights(ledger, [worse])
    assert open_insights(ledger) == insights(ledger) == [worse]


def test_what_is_closed_is_kept_and_may_be_raised_anew(ledger: Ledger) -> None:
    """The second slow-down of a key would overwrite the first, or not be told."""
    over = replace(SLOW, closed_at=30.0)
    write_insights(ledger, [SLOW])
    write_insights(ledger, [over])
    assert open_insights(ledger) == []
    again = replace(SLOW, raised_at=40.0, seen_at=40.0)
    write_insights(ledger, [again])
    assert open_insights(ledger) == [again]
    assert insights(ledger) == [again, over]
    assert insights(ledger, limit=1) == [again]


def test_two_writers_raise_and_close_it_once(ledger: Ledger) -> None:
    """Two trainings at once would leave two rows, of which one never closes."""
    write_insights(ledger, [SLOW])
    write_insights(ledger, [replace(SLOW, raised_at=11.0, seen_at=11.0)])
    assert open_insights(ledger) == [replace(SLOW, seen_at=11.0)]
    for _ in range(2):
        write_insights(ledger, [replace(SLOW, closed_at=30.0)])
    assert len(insights(ledger)) == 1


def test_the_database_refuses_a_second_open_one(ledger: Ledger) -> None:
    """A later writer could break what this one promises."""
    write_insights(ledger, [SLOW, replace(SLOW, key="flow/run"), replace(SLOW, kind="anomaly")])
    row = {name: getattr(SLOW, name) for name in RaisedInsight.__slots__}
    with pytest.raises(IntegrityError), ledger.write() as connection:
        connection.execute(insert(table).values(**row))
