"""Tests of the announced public ports of the router."""

from __future__ import annotations

from pathlib import Path

from blocks.routers.extent import announce, forget, lacking, reach, served


def test_what_serves_is_read_back(tmp_path: Path) -> None:
    """Broken: a port would be leased that nothing serves, or none of the new ones."""
    assert served(tmp_path) == []
    announce(tmp_path, 8332, 8)
    announce(tmp_path, 8300, 32)
    assert served(tmp_path) == [range(8300, 8332), range(8332, 8340)]
    forget(tmp_path)
    assert served(tmp_path) == []


def test_the_range_goes_as_far_as_it_is_served() -> None:
    """Broken: a flow, whose environment says the former number, would not see new ports."""
    both = [range(8300, 8332), range(8332, 8340)]
    assert reach(8300, 32, both) == 8339
    assert reach(8300, 64, both) == 8339
    assert reach(8300, 32, []) == 8331
    assert reach(8300, 32, [range(8300, 8310), range(8320, 8330)]) == 8309


def test_what_is_lacking_begins_where_the_router_ends() -> None:
    """Broken: two routers would share a port, or there would be a gap."""
    assert lacking(8300, 64, [range(8300, 8332)]) == range(8332, 8364)
    assert not lacking(8300, 16, [range(8300, 8332)])
