"""The table says what is, whatever the ledger believes."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from blocks.providers.interface import End, Outcome
from blocks.providers.process import detached
from blocks.providers.process.detached import Ended, NotStarted, ProcessIdentity, Running, ShimSpec
from tasks.ledger.connection import Ledger
from tasks.ledger.instances import record_instance
from tasks.observe.report import last_words, summary
from tasks.observe.status import Sight, StatusRow, View, _usage, rows, state_of, status_rows
from tasks.observe.usage import ServiceUsage
from tasks.release import Instance, InstanceState

RUNS = Running(ProcessIdentity("h", 1, 1.0, "b"), 2, 3, 90.0)
ENDED = Ended(Outcome(end=End.FAILED, cause="exit code 1", started_at=1, ended_at=2))


def instance(directory: Path, **values: object) -> Instance:
    """Return an instance that is meant to run."""
    template = Instance(
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
    return replace(template, **values)  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (RUNS, "running"),
        (replace(RUNS, child_pid=None), "waiting to restart"),
        (replace(RUNS, child_pid=None, restarts=0), "starting"),
        (replace(RUNS, supervised=False), "running, its shim was killed"),
        (
            replace(RUNS, child_pid=None, quick_ends=4, last_end="exit code 3"),
            "crash loop: 3 restarts, the last time: exit code 3",
        ),
        (replace(RUNS, quick_ends=2, began_at=999.0), "crash loop: 3 restarts"),
        (
            replace(RUNS, quick_ends=2, began_at=999.0, left_behind=1),
            (
                "crash loop: 3 restarts, the last time: put itself into the background; "
                "have it run in the foreground"
            ),
        ),
        (replace(RUNS, quick_ends=2, began_at=900.0), "running"),
        (ENDED, "down: exit code 1"),
        (NotStarted(), "never started"),
    ],
)
def test_the_state_is_what_was_seen(status: detached.Status, state: str) -> None:
    """Broken: a dead service would be shown as running."""
    assert state_of(instance(Path()), status, 1000.0) == state


def test_rows_are_in_order_and_only_what_serves_has_a_url() -> None:
    """Broken: users would be sent to a release that takes no traffic."""
    warm = instance(Path(), id="w", state=InstanceState.WARM)
    other = instance(Path(), id="a", project="a", port=None)
    sights = [
        Sight(instance(Path()), RUNS, ServiceUsage(12.5, 40.0), "ok"),
        Sight(warm, RUNS),
        Sight(other, ENDED),
    ]
    public_urls = {"front/p/dev/web": "http://127.0.0.1:8300"}
    table_rows = [row for _, row in rows(sights, public_urls, 100.0)]
    assert [(row.project, row.state, row.url) for row in table_rows] == [
        ("a", "down: exit code 1", ""),
        ("p", "running", "http://127.0.0.1:8300"),
        ("p", "warm", ""),
    ]
    assert (table_rows[1].uptime_seconds, table_rows[1].restarts) == (10.0, 3)
    assert (table_rows[1].cpu_percent, table_rows[1].memory_mib) == (12.5, 40.0)
    assert table_rows[0].uptime_seconds is None


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
    detached.stop(tmp_path / "run", 0)


@pytest.mark.integration
def test_a_busy_process_is_seen_with_what_it_uses(
    tmp_path: Path, directory: Path, ledger: Ledger
) -> None:
    """Broken: nobody would see which service takes the machine."""
    record_instance(ledger, instance(directory, health_path="/"))
    busy = "x = bytearray(50 * 2**20)\nwhile True: pass"
    detached.start(ShimSpec(directory, (sys.executable, "-c", busy), tmp_path), {})

    def seen() -> bool:
        row = status_rows(ledger, 2e9)[0]
        large = (row.memory_mib or 0) >= 50 and (row.cpu_percent or 0) > 0
        return large and row.state == "running" and "refused" in row.health

    until(seen)
    detached.stop(directory, 0)
    assert status_rows(ledger, 2e9)[0].state == "down: stopped"


@pytest.mark.integration
def test_a_crash_loop_is_a_verdict_with_its_last_lines(
    tmp_path: Path, directory: Path, ledger: Ledger
) -> None:
    """Broken: a service that ends at each start is 'all well', or its password is shown."""
    record_instance(ledger, instance(directory, port=None))
    argv = ("sh", "-c", "echo token hunter2; exit 3")
    detached.start(ShimSpec(directory, argv, tmp_path, restart="always"), {"PATH": "/usr/bin:/bin"})
    view = View(secrets={("p", "dev"): ["hunter2"]})

    def seen() -> StatusRow:
        return status_rows(ledger, time.time(), view=view)[0]

    until(lambda: seen().state.startswith("crash loop"))
    row = seen()
    assert row.last_lines[-1] == "token ***"
    assert "not well: p/dev/web (crash loop: " in summary([row])
    assert "exit code 3" in summary([row])
    assert "token ***" in last_words([row])


@pytest.mark.integration
def test_a_web_service_that_ended_is_not_well(
    tmp_path: Path, directory: Path, ledger: Ledger
) -> None:
    """Broken: all is well, and whoever opens the page gets an error."""
    record_instance(ledger, instance(directory))
    detached.start(ShimSpec(directory, ("true",), tmp_path, restart="on-failure"), {})
    until(lambda: status_rows(ledger, time.time())[0].state.startswith("down: it ended"))
    assert "not well" in summary(status_rows(ledger, time.time()))


def test_a_service_without_its_shim_is_not_well_and_not_measured() -> None:
    """Broken: nobody learns that what serves would not be started again, and it uses nothing."""
    usage = {RUNS.shim.pid: ServiceUsage(0.0, 0.0)}
    orphan = replace(RUNS, supervised=False)
    assert (_usage(RUNS, usage), _usage(orphan, usage)) == (usage[RUNS.shim.pid], None)
    [(_, row)] = rows([Sight(instance(Path()), orphan)], {}, 1000.0)
    assert row.ill


@pytest.mark.integration
def test_a_job_that_ended_well_has_finished(
    tmp_path: Path, directory: Path, ledger: Ledger
) -> None:
    """Broken: a job that did its work is an error that wakes somebody."""
    record_instance(ledger, instance(directory, port=None))
    detached.start(ShimSpec(directory, ("true",), tmp_path, restart="on-failure"), {})
    until(lambda: status_rows(ledger, time.time())[0].state == "finished")
    assert summary(status_rows(ledger, time.time())) == "1 instance, all well."
