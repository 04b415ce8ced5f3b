"""Tests of flow runs that are forked, with a real fork server and a Prefect that is none."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any, cast
from uuid import uuid4

import psutil
import pytest
from prefect.runner import _starter_engine

from stack.registration.operations import write_operations
from stack.registration.work_pool import FLOW_LOG, logged_command
from stack.runs.flow_process import flow_processes
from stack.worker import fork_server
from stack.worker.fork_server import UNKNOWN_EXIT, Fork, ForkServer, install
from tasks.home import Home
from tasks.run_process import RUN_ID

ROOT = Path(__file__).parents[3]
COMMAND = logged_command(sys.executable)
pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(sys.platform != "linux", reason="runs are forked on Linux alone"),
]


class PrefectServer(ThreadingHTTPServer):
    """Answers that it knows no flow run, once it may answer."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.paths: list[str] = []
        self.asked, self.may_answer = Event(), Event()


class Answer(BaseHTTPRequestHandler):
    """Answers one request, and notes it."""

    server: PrefectServer

    def do_GET(self) -> None:
        """Answer that there is no such flow run."""
        self.server.paths.append(self.path)
        self.server.asked.set()
        self.server.may_answer.wait(60)
        self.send_error(404)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its base's name
        """Say nothing."""


@pytest.fixture
def prefect() -> Iterator[PrefectServer]:
    """Serve what stands in for Prefect."""
    server = PrefectServer()
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.may_answer.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def home(tmp_path: Path, prefect: PrefectServer, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Make a home in which one small operation is registered, and the variables of a stack."""
    home = Home(tmp_path)
    home.create()
    write_operations(home, {}, {"status/status": "flows.status.status_flow"}, {}, {})
    monkeypatch.setenv("SLIPWAY_HOME", str(tmp_path))
    monkeypatch.setenv("PREFECT_API_URL", f"http://127.0.0.1:{prefect.server_port}/api")
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect"))
    return home


@pytest.fixture
def watched(tmp_path: Path) -> Path:
    """Make the file whose change has all imported again."""
    file = tmp_path / "module.py"
    file.write_text("one = 1\n")
    return file


@pytest.fixture
def server(home: Home, watched: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ForkServer]:
    """Start a fork server, which may take long where what it imports is measured."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(fork_server, "BEGIN_SECONDS", 120.0)
    server = ForkServer(lambda: [watched])
    server.start()
    yield server
    server.end()


def variables() -> dict[str, str]:
    """Return the variables of a flow run."""
    return {**os.environ, RUN_ID: str(uuid4())}


async def until(event: Event) -> None:
    """Wait for what happens in a thread."""
    assert await asyncio.to_thread(event.wait, 60)


async def forked(server: ForkServer, environment: dict[str, str]) -> Fork:
    """Return the fork that executes a flow run."""
    fork = await server.fork(environment, ROOT)
    assert fork is not None
    return fork


async def test_a_fork_executes_the_run_that_its_variables_name(
    server: ForkServer, home: Home, prefect: PrefectServer
) -> None:
    """Broken: nothing runs, what it writes is lost, or the reconciler takes it for vanished."""
    environment = variables()
    fork = await forked(server, environment)
    await until(prefect.asked)
    processes = flow_processes(home.root)[environment[RUN_ID]]
    prefect.may_answer.set()
    await fork.wait()
    fork.close()
    assert [each.pid for each in processes] == [fork.pid]
    assert prefect.paths == [f"/api/flow_runs/{environment[RUN_ID]}"]
    assert fork.returncode == 1
    assert "ObjectNotFound" in (home.root / FLOW_LOG).read_text()


async def test_a_fork_outlives_a_killed_fork_server(
    server: ForkServer, home: Home, prefect: PrefectServer
) -> None:
    """Broken: a flow run that works counts as crashed, or the next ones no longer begin."""
    fork = await forked(server, variables())
    await until(prefect.asked)
    parent = psutil.Process(fork.pid).ppid()
    os.kill(parent, signal.SIGKILL)
    await asyncio.to_thread(os.waitid, os.P_PID, parent, os.WEXITED | os.WNOWAIT)
    waiting = asyncio.ensure_future(fork.wait())
    next_fork = await forked(server, variables())
    assert not waiting.done()
    assert psutil.Process(next_fork.pid).ppid() not in {parent, os.getpid()}
    prefect.may_answer.set()
    await waiting
    await next_fork.wait()
    fork.close()
    next_fork.close()
    assert (fork.returncode, next_fork.returncode) == (UNKNOWN_EXIT, 1)


async def test_what_has_changed_is_imported_again(
    server: ForkServer, home: Home, prefect: PrefectServer, watched: Path
) -> None:
    """Broken: a flow that was edited runs as it was before, or a run that works is lost."""
    fork = await forked(server, variables())
    parent = psutil.Process(psutil.Process(fork.pid).ppid())
    await asyncio.to_thread(watched.write_text, "one = 'another'\n")
    next_fork = await forked(server, variables())
    assert psutil.Process(next_fork.pid).ppid() != parent.pid
    prefect.may_answer.set()
    for each in (fork, next_fork):
        await each.wait()
        each.close()
    assert (fork.returncode, next_fork.returncode) == (1, 1)
    await asyncio.to_thread(parent.wait, 30)


async def test_it_is_made_ready_before_a_run_needs_it(
    server: ForkServer, home: Home, prefect: PrefectServer, watched: Path
) -> None:
    """Broken: the first run after a change, or a kill, waits until all is imported: a rollback too."""
    keeping = asyncio.ensure_future(server.keep_ready(0.05))
    first = forks_from(server)
    await asyncio.to_thread(watched.write_text, "one = 'another'\n")
    second = await other_than(first, server)
    await asyncio.to_thread(first.wait, 30)
    second.kill()
    await other_than(second, server)
    keeping.cancel()
    prefect.may_answer.set()
    fork = await forked(server, variables())
    await fork.wait()
    fork.close()
    assert fork.returncode == 1


def forks_from(server: ForkServer) -> psutil.Process:
    """Return the process that forks."""
    pid: int = cast("Any", server)._server._forkserver_pid
    return psutil.Process(pid)


async def other_than(process: psutil.Process, server: ForkServer) -> psutil.Process:
    """Wait until another process forks, and return it."""
    deadline = time.monotonic() + 60
    while (now := forks_from(server)).pid == process.pid and time.monotonic() < deadline:  # noqa: ASYNC110 - it is another process
        await asyncio.sleep(0.05)
    assert now.pid != process.pid
    return now


async def test_who_no_longer_waits_ends_the_fork(
    server: ForkServer, home: Home, prefect: PrefectServer
) -> None:
    """Broken: a worker that is stopped leaves its flow runs behind."""
    fork = await forked(server, variables())
    await until(prefect.asked)
    process = psutil.Process(fork.pid)
    waiting = asyncio.ensure_future(fork.wait())
    await asyncio.sleep(0)
    waiting.cancel()
    fork.close()
    await asyncio.to_thread(process.wait, 30)


class Started:
    """Prefect's own way to start a process, and what a worker is told of a process."""

    def __init__(self) -> None:
        self.commands: list[list[str]] = []
        self.processes: list[Any] = []

    async def run_process(self, command: list[str], **_: Any) -> str:
        """Start nothing."""
        self.commands.append(command)
        return "started"

    def started(self, process: Any) -> None:
        """Note the process."""
        self.processes.append(process)


@pytest.fixture
def prefects_way(monkeypatch: pytest.MonkeyPatch) -> Started:
    """Replace Prefect's own way; `install` is undone with it."""
    way = Started()
    monkeypatch.setattr(_starter_engine, "run_process", way.run_process)
    return way


async def run_process(command: list[str], environment: dict[str, str], way: Started) -> Any:
    """Start a process as Prefect's worker does."""
    return await _starter_engine.run_process(  # type: ignore[attr-defined, call-overload]
        command=command,
        env=environment,
        cwd=ROOT,
        stream_output=True,
        task_status=way,
        task_status_handler=lambda process: process,
    )


async def test_the_worker_is_told_of_the_fork(
    server: ForkServer, home: Home, prefect: PrefectServer, prefects_way: Started
) -> None:
    """Broken: no run can be cancelled, or each is started the slow way."""
    install(server)
    prefect.may_answer.set()
    fork = await run_process(COMMAND, variables(), prefects_way)
    assert (fork.returncode, prefects_way.processes, prefects_way.commands) == (1, [fork], [])


@pytest.mark.parametrize(
    ("command", "more"),
    [(["other", "command"], {}), (COMMAND, {"OWN": "variable"})],
    ids=["another command", "a variable of its own"],
)
async def test_what_a_fork_does_not_do_is_started_as_prefect_does(
    command: list[str],
    more: dict[str, str],
    server: ForkServer,
    home: Home,
    prefects_way: Started,
) -> None:
    """Broken: a run does without what its deployment or its form says."""
    install(server)
    environment = variables() | more
    assert await run_process(command, environment, prefects_way) == "started"
    assert prefects_way.commands == [command]


async def test_without_a_fork_a_run_begins_as_prefect_has_it(
    home: Home,
    prefect: PrefectServer,
    prefects_way: Started,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Broken: no flow run begins any more, and nobody is told why."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(fork_server, "PRELOADED", "tests.stack.worker.not_importable")
    server = ForkServer(list)
    server.start()
    install(server)
    assert await run_process(COMMAND, variables(), prefects_way) == "started"
    assert "does not fork" in capfd.readouterr().out
    server.end()
