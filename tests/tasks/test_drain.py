"""Tests of draining an instance."""

import socket
from collections.abc import Collection
from itertools import count

from tasks.drain import drain, in_flight


def _drain(looks: list[int | None], seconds: float = 100) -> tuple[bool, int]:
    """Return whether it became quiet, and how many looks that took."""
    ticks, look_numbers = count(), count(1)
    used = 0

    def look(_: Collection[int]) -> int | None:
        nonlocal used
        used = next(look_numbers)
        return looks[min(used, len(looks)) - 1]

    return drain([1], seconds, lambda: float(next(ticks)), lambda: None, look), used


def test_it_waits_for_what_is_in_flight() -> None:
    """Otherwise a request that is being answered is cut off."""
    assert _drain([2, 1, 0]) == (True, 5)


def test_a_lull_is_not_the_end() -> None:
    """Otherwise a request that has chosen its upstream but not dialled yet is cut off."""
    assert _drain([0, 0, 1, 0]) == (True, 6)


def test_it_waits_no_longer_than_allowed() -> None:
    """Otherwise one endless stream blocks every deploy."""
    assert _drain([1], seconds=5) == (False, 5)


def test_where_nothing_can_be_seen_the_time_is_waited_out() -> None:
    """Otherwise requests are cut off on systems that do not show connections."""
    assert _drain([None], seconds=5) == (False, 5)


def test_connections_are_seen_at_the_server_also_before_they_are_accepted() -> None:
    """Otherwise a request that waits to be accepted is lost."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert in_flight([port]) == 0
        with socket.create_connection(("127.0.0.1", port)):
            assert in_flight([port]) == 1
            assert in_flight([port + 1]) == 0


def test_without_ports_nobody_looks() -> None:
    """Otherwise every launch of ten reads the connections of the whole machine for nothing."""
    looks: list[object] = []
    assert drain([], 100, lambda: 0.0, lambda: None, looks.append)
    assert looks == []
