"""Tests of what is kept for a moment."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import count

from stack.reads.kept import Kept


class Clock:
    """A clock that stands still until it is set."""

    now = 100.0

    def __call__(self) -> float:
        """Return its time."""
        return self.now


def test_a_value_is_kept_until_it_is_too_old_for_who_asks() -> None:
    """Each request would look at every process, or be told what was so an hour ago."""
    clock, numbers = Clock(), count()
    kept = Kept(lambda: next(numbers), clock)
    assert [kept.get(5.0), kept.get(5.0)] == [0, 0]
    clock.now += 0.5
    assert kept.get(5.0) == 0
    assert kept.get(0.0) == 1
    clock.now += 6.0
    assert kept.get(5.0) == 2


def test_many_who_ask_at_once_share_one_look() -> None:
    """Fifty requests would look at every process fifty times."""
    began, ends, numbers = threading.Event(), threading.Event(), count()

    def find() -> int:
        """Take until it is told to end."""
        began.set()
        ends.wait(10)
        return next(numbers)

    kept = Kept(find, Clock())
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(kept.get, 5.0) for _ in range(4)]
        began.wait(10)
        ends.set()
        assert {each.result() for each in asked} == {0}


def test_who_asks_for_an_older_value_does_not_wait_for_the_next_one() -> None:
    """One of many requests would wait for the look again and again."""
    clock, renewed, numbers = Clock(), threading.Event(), count()

    def find() -> int:
        """Tell when it is found out again."""
        number = next(numbers)
        if number:
            renewed.set()
        return number

    kept = Kept(find, clock)
    assert kept.get(5.0) == 0
    clock.now += 2.0
    assert kept.get(5.0) == 0
    assert renewed.wait(10)
