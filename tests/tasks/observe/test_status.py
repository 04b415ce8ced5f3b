"""The table says what is, whatever the ledger believes."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from blocks.providers import process
from blocks.providers.interface import End, Outcome
from blocks.providers.process import Ended, NotStarted, ProcessIdentity, Running, ShimSpec
from tasks.ledger.connection import open_ledger
from tasks.ledger.instances import record_instance
from tasks.observe.status import Sight, rows, state_of, status_rows
from tasks.observe.usage import Usage
from tasks.release import Instance, InstanceState

RUNS = Running(ProcessIdentity("h", 1, 1.0, "b"), 2, 3, 90.0)
ENDED = Ended(Outcome(end=End.FAILED, cause="exit code 1", started_at=1, ended_at=2))


def instance(directory: Path, **values: object) -> Instance:
    """Return an instance that is meant to run."""
    one = Instance(
        id="i",
        project="p",
        environment="dev",
        service="web",
        replica=0,
        release="d",
        version="1",
        directory=directory,
        host="127.0.0.1",
        port=26500,
        state=InstanceState.RUNNING,
        started_at=1,
    )
    return replace(one, **values)  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize(
    ("found", "state"),
    [
        (RUNS, "running"),
        (replace(RUNS, child_pid=None), "waiting to restart"),
        (replace(RUNS, child_pid=None, restarts=0), "starting"),
        (replace(RUNS, supervised=False), "running, its shim was killed"),
        (ENDED, "down: exit code 1"),
        (NotStarted(), "never started"),
    ],
)
def test_the_state_is_what_was_seen(found: process.Status, state: str) -> None:
    """Broken: a dead service would be shown as running."""
    assert state_of(instance(Path()), found) == state


def test_rows_are_in_order_and_only_what_serves_has_a_url() -> None:
    """Broken: users would be sent to a release that takes no traffic."""
    warm = instance(Path(), id="w", state=InstanceState.WARM)
    other = instance(Path(), id="a", project="a", port=None)
    sights = [
        Sight(instance(Path()), RUNS, Usage(12.5, 40.0), "ok"),
        Sight(warm, RUNS),
        Sight(other, ENDED),
    ]
    found = rows(sights, {"front/p/dev/web": "http://127.0.0.1:8300"}, 100.0)
    assert [(one.project, one.state, one.url) for one in found] == [
        ("a", "down: exit code 1", ""),
        ("p", "running", "http://127.0.0.1:8300"),
        ("p", "warm", ""),
    ]
    assert (found[1].uptime_seconds, found[1].restarts) == (10.0, 3)
    assert (found[1].cpu_percent, found[1].memory_mib) == (12.5, 40.0)
    assert found[0].uptime_seconds is None


def until(look: Callable[[], object]) -> None:
    """Return as soon as ``look`` gives something true."""
    deadline = time.monotonic() + 20
    while not look():
        assert time.monotonic() < deadline, "nothing came of it"
        time.sleep(0.01)


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """Give the folder of a run, and end what is left in it."""
    yield tmp_path / "run"
    process.stop(tmp_path / "run", 0)


@pytest.mark.integration
def test_a_busy_process_is_seen_with_what_it_uses(tmp_path: Path, directory: Path) -> None:
    """Broken: nobody would see which service takes the machine."""
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    record_instance(ledger, instance(directory, health_path="/"))
    busy = "x = bytearray(50 * 2**20)\nwhile True: pass"
    process.start(ShimSpec(directory, (sys.executable, "-c", busy), tmp_path), {})

    def seen() -> bool:
        row = status_rows(ledger, 2e9)[0]
        large = (row.memory_mib or 0) >= 50 and (row.cpu_percent or 0) > 0
        return large and row.state == "running" and "refused" in row.health

    until(seen)
    process.stop(directory, 0)
    assert status_rows(ledger, 2e9)[0].state == "down: stopped"
    ledger.close()
