"""Tests of the Caddy configuration."""

import json
from pathlib import Path

import pytest

from blocks.routers.caddyfile import SHARES, caddy_config, listen_address
from blocks.routers.interface import RouterError

DIRECTORY = Path("/home/of/router")


def test_every_public_port_listens_and_reads_its_own_slots() -> None:
    """Otherwise the requests of one service reach another."""
    config = json.loads(json.dumps(caddy_config(DIRECTORY, "127.0.0.1", [8300, 8301])))
    servers = config["apps"]["http"]["servers"]
    for port in (8300, 8301):
        server = servers[f"front-{port}"]
        assert server["listen"] == [f"127.0.0.1:{port}"]
        proxy = server["routes"][1]["handle"][0]
        dials = [upstream["dial"] for upstream in proxy["upstreams"]]
        assert dials == [f"{{file.{DIRECTORY}/{port}/current/{share}}}" for share in range(SHARES)]


def test_nothing_but_a_failed_dial_may_be_repeated() -> None:
    """Otherwise a request runs twice: through Caddy's retries or through a reused connection."""
    config = json.loads(json.dumps(caddy_config(DIRECTORY, "127.0.0.1", [8300])))
    proxy = config["apps"]["http"]["servers"]["front-8300"]["routes"][1]["handle"][0]
    assert proxy["load_balancing"]["retry_match"] == [{"method": ["NONE"]}]
    assert proxy["transport"]["keep_alive"] == {"enabled": False}


def test_shares_divide_evenly_by_usual_replica_counts() -> None:
    """Otherwise two replicas get unequal traffic, or a canary of 5 % cannot be had."""
    assert all(SHARES % parts == 0 for parts in (2, 3, 4, 5, 6, 8, 10, 12, 20))


def test_ipv6_host_is_bracketed() -> None:
    """Otherwise Caddy cannot parse the listen address."""
    assert listen_address("::1", 8300) == "[::1]:8300"


@pytest.mark.parametrize("directory", ["relative", "/with/{brace}", "/with/line\nbreak"])
def test_directory_that_breaks_a_placeholder_is_refused(directory: str) -> None:
    """Otherwise every request fails with 502, long after the start."""
    with pytest.raises(RouterError, match="router directory"):
        caddy_config(Path(directory), "127.0.0.1", [8300])


def test_names_are_looked_at_only_where_it_is_asked_for() -> None:
    """Otherwise a proxy that hands on the name it was asked by can no longer stand before it."""
    config = json.loads(json.dumps(caddy_config(DIRECTORY, "127.0.0.1", [8300])))
    assert "421" not in json.dumps(config)
