"""Tests of the one ledger that the parts of a process share."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tasks.errors import BadInputError
from tasks.ledger import lending
from tasks.ledger.connection import Ledger
from tasks.ledger.lending import lent_ledger
from tasks.settings import Settings, settings


def test_who_needs_it_at_the_same_time_gets_the_same(home_ledger: Ledger) -> None:
    """Broken: of ten projects in one run, each opens the ledger five times."""
    with lent_ledger(settings()) as outer:
        with ThreadPoolExecutor(4) as pool:

            def borrow(_: int) -> Ledger:
                with lent_ledger(settings()) as ledger, ledger.read():
                    return ledger

            assert set(map(id, pool.map(borrow, range(20)))) == {id(outer)}
        with outer.read():  # nobody has closed it
            pass
    with lent_ledger(settings()) as later:
        assert later is not outer
    assert lending._LOANS == {}


def test_one_that_cannot_be_opened_is_asked_for_again(tmp_path: Path) -> None:
    """Broken: after one failure the process never gets a ledger, or the wrong one."""
    config = Settings(home=tmp_path / "file" / "home")
    (tmp_path / "file").write_text("in the way")
    for _ in range(2):
        with pytest.raises(BadInputError), lent_ledger(config):
            pytest.fail("it was lent")
    (tmp_path / "file").unlink()
    with lent_ledger(config) as ledger, ledger.read():
        pass
