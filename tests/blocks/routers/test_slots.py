"""Tests of the slots, whose files are replaced by one rename."""

import threading
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocks.routers.caddyfile import SHARES, slot_path
from blocks.routers.interface import RouterError
from blocks.routers.slots import SlotRouter, shares_of

FRONT = 8300


@given(st.integers(1, SHARES))
def test_shares_differ_by_one_at_most(count: int) -> None:
    """Otherwise a replica is overloaded while another idles."""
    upstreams = [f"127.0.0.1:{20000 + n}" for n in range(count)]
    tally = Counter(shares_of(upstreams))
    assert set(tally) == set(upstreams)
    assert sum(tally.values()) == SHARES
    assert max(tally.values()) - min(tally.values()) <= 1


def test_more_upstreams_than_shares_are_refused() -> None:
    """Otherwise some replicas silently get nothing."""
    with pytest.raises(RouterError, match="at most"):
        shares_of([f"127.0.0.1:{20000 + n}" for n in range(SHARES + 1)])


def test_what_is_routed_is_what_every_slot_says(tmp_path: Path) -> None:
    """Otherwise Caddy and Slipway disagree about where requests go."""
    router = SlotRouter(tmp_path)
    router.route(FRONT, ["127.0.0.1:1", "127.0.0.1:2"])
    slots = [slot_path(tmp_path, FRONT, share).read_text() for share in range(SHARES)]
    assert Counter(slots) == {"127.0.0.1:1": SHARES // 2, "127.0.0.1:2": SHARES // 2}
    assert router.upstreams(FRONT) == ("127.0.0.1:1", "127.0.0.1:2")


def test_routing_nowhere_empties_every_slot(tmp_path: Path) -> None:
    """Otherwise a public port without a release answers with a dead upstream's 502."""
    router = SlotRouter(tmp_path)
    assert router.upstreams(FRONT) == ()
    router.route(FRONT, ["127.0.0.1:1"])
    router.route(FRONT, [])
    assert router.upstreams(FRONT) == ()
    assert slot_path(tmp_path, FRONT, 0).read_text() == ""


def test_preparing_keeps_what_is_routed(tmp_path: Path) -> None:
    """Otherwise a restart of the router takes every service off the air."""
    router = SlotRouter(tmp_path)
    router.route(FRONT, ["127.0.0.1:1"])
    router.prepare([FRONT, FRONT + 1])
    assert router.upstreams(FRONT) == ("127.0.0.1:1",)
    assert slot_path(tmp_path, FRONT + 1, 0).read_text() == ""


@pytest.mark.parametrize("upstream", ["", "127.0.0.1", "a:99999", "a:1\nb:2", "a b:1", "{x}:1"])
def test_an_upstream_that_is_none_changes_nothing(tmp_path: Path, upstream: str) -> None:
    """Otherwise a slip of the caller takes a service off the air."""
    router = SlotRouter(tmp_path)
    router.route(FRONT, ["127.0.0.1:1"])
    with pytest.raises(RouterError, match="host:port"):
        router.route(FRONT, ["127.0.0.1:2", upstream])
    assert router.upstreams(FRONT) == ("127.0.0.1:1",)


@pytest.mark.slow
def test_a_reader_sees_the_old_or_the_new_and_never_a_mixture(tmp_path: Path) -> None:
    """Otherwise requests fail, or reach neither release, during a switch."""
    router = SlotRouter(tmp_path)
    router.route(FRONT, ["127.0.0.1:1"])
    done = threading.Event()
    counts: Counter[tuple[str, ...]] = Counter()

    def read() -> None:
        while not done.is_set():
            counts[router.upstreams(FRONT)] += 1
            counts[(slot_path(tmp_path, FRONT, SHARES - 1).read_text(),)] += 1

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for turn in range(40):
            router.route(FRONT, [f"127.0.0.1:{1 + turn % 2}"])
    finally:
        done.set()
        reader.join()
    assert set(counts) <= {("127.0.0.1:1",), ("127.0.0.1:2",)}


@pytest.mark.slow
def test_old_generations_do_not_pile_up(tmp_path: Path) -> None:
    """Otherwise every deploy leaves a hundred files behind."""
    router = SlotRouter(tmp_path)
    for turn in range(10):
        router.route(FRONT, [f"127.0.0.1:{1 + turn}"])
    assert len(list((tmp_path / str(FRONT)).iterdir())) <= 4
