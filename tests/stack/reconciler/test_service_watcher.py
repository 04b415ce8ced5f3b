"""Tests of the watch over services: each change is told once, whoever asks how often."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from blocks.providers.process import detached
from stack.reconciler.service_watcher import (
    Condition,
    Diagnosis,
    ServiceWatcher,
    news,
    read_conditions,
    worst_diagnoses,
)
from tasks.event_resource import ServiceKey
from tasks.events import Event, EventName
from tasks.ledger.connection import Ledger
from tasks.ledger.instances import instances, record_instance
from tasks.release import Instance, InstanceState

KEY = ServiceKey("shop", "prod", "web")
NAMES = {
    Condition.WELL: EventName.SERVICE_REVIVED,
    Condition.CRASH_LOOPING: EventName.SERVICE_CRASH_LOOPING,
    Condition.GONE: EventName.SERVICE_GONE,
}


def service(folder: Path) -> Instance:
    """Return the record of a service whose files are in ``folder``."""
    return Instance(
        id=folder.name,
        project="shop",
        environment="prod",
        service="web",
        replica=0,
        release="d",
        version="1",
        directory=folder,
        host="127.0.0.1",
        port=None,
        state=InstanceState.RUNNING,
        started_at=0.0,
    )


@pytest.fixture(autouse=True)
def _services_end(ledger: Ledger) -> Iterator[None]:
    """Stop at the end what was started."""
    yield
    for instance in instances(ledger):
        detached.stop(instance.directory, 0)


def kill(folder: Path) -> None:
    """Kill the processes of a run with their shim, as soon as all of them are there."""
    while not isinstance(status := detached.status(folder), detached.Running) or (
        status.child_pid is None
    ):
        time.sleep(0.01)
    doomed = [psutil.Process(status.child_pid), psutil.Process(status.shim.pid)]
    for process in reversed(doomed):
        process.send_signal(signal.SIGKILL)
    psutil.wait_procs(doomed, 30)


@pytest.mark.parametrize("before", Condition)
@pytest.mark.parametrize("after", Condition)
def test_only_a_change_is_news(before: Condition, after: Condition) -> None:
    """A service that is gone would be told every two seconds, or one that is back never."""
    events = news({KEY: before}, {KEY: Diagnosis(after, "why")})
    assert [event.name for event in events] == ([] if before is after else [NAMES[after]])


def test_what_was_stopped_is_no_news() -> None:
    """Everybody who stops a service would be told that it runs again, or is gone."""
    assert news({KEY: Condition.GONE}, {}) == []
    assert news({}, {KEY: Diagnosis(Condition.WELL)}) == []


def test_the_worst_replica_counts(tmp_path: Path) -> None:
    """A replica that is gone would be hidden by another that runs."""
    finished = replace(service(tmp_path / "never-started"), replica=1)
    diagnoses = worst_diagnoses([service(tmp_path / "gone"), finished], 0.0)
    assert diagnoses == {KEY: Diagnosis(Condition.GONE, "never started")}


@pytest.mark.integration
def test_a_service_that_is_killed_and_comes_back_is_told_twice(
    ledger: Ledger, tmp_path: Path
) -> None:
    """Nobody would be told of it, or be told more than once of either, or be told no reason."""
    argv = (sys.executable, "-c", "import time; time.sleep(600)")
    spec = detached.ShimSpec(tmp_path / "one", argv, cwd=tmp_path, restart="always")
    detached.start(spec, dict(os.environ))
    record_instance(ledger, service(tmp_path / "one"))
    events: list[Event] = []

    def look() -> None:
        """Look as a reconciler that has just been started again does."""
        ServiceWatcher(ledger, tmp_path / "conditions", events.append)(time.time())

    look()
    assert events == []
    kill(tmp_path / "one")
    look()
    look()
    assert [event.name for event in events] == [EventName.SERVICE_GONE]
    assert "its shim was killed" in events[0].payload["message"]
    detached.start(replace(spec, directory=tmp_path / "two"), dict(os.environ))
    record_instance(ledger, replace(service(tmp_path / "one"), state=InstanceState.STOPPED))
    record_instance(ledger, service(tmp_path / "two"))
    look()
    look()
    assert [event.name for event in events[1:]] == [EventName.SERVICE_REVIVED]


@pytest.mark.parametrize("text", ["", "[[", "{}", '[["a"]]', '[["a", "b", "c", "WORN"]]', "[1]"])
def test_a_torn_file_counts_as_empty(tmp_path: Path, text: str) -> None:
    """The reconciler would not start after a full disk."""
    (tmp_path / "conditions").write_text(text)
    assert read_conditions(tmp_path / "conditions") == {}
