"""Tests of the remarks on services that listen past the router."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.free_ports import free_ports
from blocks.providers.process import detached
from blocks.providers.process.inherited import inherited
from flows.project.exposure import exposure_remarks
from tasks.launch.target import Target
from tasks.ledger.connection import Ledger
from tasks.ledger.instances import record_instance
from tasks.observe.task import look
from tasks.release import Instance, InstanceState

pytestmark = pytest.mark.integration
PORT = free_ports(1)
SERVER = """
import pathlib, socket, sys, time
server = socket.create_server((sys.argv[1], int(sys.argv[2])))
pathlib.Path("listens").touch()
time.sleep(600)
"""
Serve = Callable[[str], None]


@pytest.fixture
def serve(ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Give what has `shop` serve on an address, though it was given 127.0.0.1; ended at the end."""
    monkeypatch.setenv("SLIPWAY_LEDGER_URL", f"sqlite:///{tmp_path / 'ledger.db'}")
    directory = tmp_path / "run"

    def start(host: str) -> None:
        where = ("shop", "dev", "web", 0, "r", "1", directory, "127.0.0.1", PORT)
        record_instance(ledger, Instance("i", *where, InstanceState.RUNNING, 0.0, ""))
        argv = (sys.executable, "-c", SERVER, host, str(PORT))
        detached.start(detached.ShimSpec(directory, argv, tmp_path), inherited({}))
        deadline = time.monotonic() + 60
        while not (tmp_path / "listens").exists():
            assert time.monotonic() < deadline, "it does not listen"
            time.sleep(0.01)

    yield start
    detached.stop(directory, 0)


def test_one_on_all_interfaces_is_named(serve: Serve, target: Target) -> None:
    """Broken: a service is open to the network, past the router, and nobody is told."""
    serve("0.0.0.0")  # noqa: S104 - it is what must be named
    [remark] = asyncio.run(exposure_remarks(target))
    assert f"shop/dev/web listens on 0.0.0.0:{PORT}, " in remark
    assert look()[1] == [remark]


def test_one_on_its_own_address_is_not(serve: Serve, target: Target) -> None:
    """Broken: each launch warns of nothing, and nobody reads warnings any more."""
    serve("127.0.0.1")
    assert asyncio.run(exposure_remarks(target)) == []
    assert look()[1] == []
