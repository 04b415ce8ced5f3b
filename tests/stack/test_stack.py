"""Tests of the whole stack, up and down, on ports and in a home of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest
from pydantic import SecretStr

from benchmarks.free_ports import free_ports
from stack.api import SlipwayApi
from stack.environment import MARK
from stack.port_check import is_taken
from stack.record import read_record
from stack.runs.flow_process import flow_processes
from tasks.home import PROGRAMS, Home
from tasks.settings import Settings
from tests.prefect_database import copy_into
from tests.tasks.ledger.databases import postgresql

pytestmark = [pytest.mark.prefect, pytest.mark.integration]

ROOT = Path(__file__).parents[2]
FLOW = '''
import asyncio
from prefect import flow

@flow(name="tiny")
async def tiny_flow(seconds: float = 0.0) -> str:
    """Wait a little."""
    print("the first line")
    await asyncio.sleep(seconds)
    return "done"
'''
DECLARED = """
deployments:
  - name: tiny
    entrypoint: tiny.tiny_flow
    description: Wait a little.
    tags: [slipway]
    work_pool: {name: slipway, work_queue_name: default}
    schedules: [{slug: nightly, cron: "0 3 * * *", timezone: Europe/Berlin, active: false}]
"""


@dataclass(frozen=True)
class Stack:
    """A project folder with one flow, and the settings of its stack."""

    root: Path
    config: Settings

    def make(self, module: str) -> subprocess.CompletedProcess[str]:
        """Run `stack.<module>` as make does."""
        names = ("home", "server_port", "router_port", "router_slots")
        own = {f"SLIPWAY_{name.upper()}": str(getattr(self.config, name)) for name in names}
        own["SLIPWAY_DATABASE_URL"] = self.config.database_url.get_secret_value()
        return subprocess.run(
            [sys.executable, "-m", f"stack.{module}"],
            cwd=self.root,
            env={**os.environ, **own},
            capture_output=True,
            text=True,
            check=False,
        )

    def api(self) -> SlipwayApi:
        """Return a client of its server."""
        return SlipwayApi.of(self.config)

    def marked(self) -> list[psutil.Process]:
        """Return every process on this machine that was started by this stack."""
        processes = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("SLIPWAY_HOME") == str(self.config.root) and (
                    MARK in process.environ()
                ):
                    processes.append(process)
            except psutil.Error:
                continue
        return processes


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """A folder laid out like ours, with a small prefect.yaml; whatever runs of it is ended."""
    root = tmp_path / "root"
    root.mkdir()
    for package in ("stack", "flows", "tasks", "blocks", "analytics", "Procfile"):
        (root / package).symlink_to(ROOT / package)
    (root / "tiny.py").write_text(FLOW)
    (root / "prefect.yaml").write_text(DECLARED)
    port = free_ports(4)
    config = Settings(
        home=tmp_path / "home", server_port=port, router_port=port + 1, router_slots=2
    )
    stack = Stack(root, config)
    yield stack
    stack.make("down")


def test_up_runs_flows_behind_a_password_and_down_leaves_nothing(stack: Stack) -> None:
    """`make up` would start something that does not work, is open to all, or cannot be ended."""
    first = stack.make("up")
    assert first.returncode == 0, first.stderr
    password = Home(stack.config.root).auth_file.read_text().strip()
    assert password in first.stdout
    assert stack.config.server_url in first.stdout
    assert httpx.get(f"{stack.config.api_url}/flows/count").status_code == 401
    assert not [each for each in stack.marked() if password in " ".join(each.cmdline())]

    with stack.api() as api:
        run = api.wait(api.trigger("tiny/tiny"), timeout=120)
        assert run.succeeded, run.message
        queues = {
            each["name"]: (each["priority"], each["concurrency_limit"])
            for each in api.every("/work_pools/slipway/queues/filter", {})
        }
        assert queues == {"critical": (1, None), "default": (2, 16), "batch": (3, 4)}

    second = stack.make("up")
    assert "already up" in second.stdout
    status = stack.make("status")
    assert status.stdout.count("answers") == 5

    assert stack.make("down").returncode == 0
    assert stack.marked() == []
    assert not is_taken("127.0.0.1", stack.config.server_port)
    assert "nothing to stop" in stack.make("down").stdout


def _await_state(api: SlipwayApi, run: str, state_type: str) -> None:
    deadline = time.monotonic() + 180
    while api.state(run).state_type != state_type:
        assert time.monotonic() < deadline, api.state(run)
        time.sleep(0.1)


def test_killed_parts_come_back_or_are_cleared_away(stack: Stack, prefect_database: Path) -> None:
    """A kill -9 would leave the stack half up for ever, orphans behind, or runs that never end."""
    copy_into(stack.config.root, prefect_database)
    assert stack.make("up").returncode == 0
    home = Home(stack.config.root)
    worker = read_record(home.record("worker"))
    assert worker is not None
    with stack.api() as api:
        lasting, doomed, lost = (api.trigger("tiny/tiny", {"seconds": 600}) for _ in range(3))
        for run in (lasting, doomed, lost):
            _await_state(api, run, "RUNNING")
        os.kill(worker.pid, signal.SIGKILL)
        processes = flow_processes(stack.config.root)
        assert {lasting, doomed, lost} <= set(processes)
        cancelling = {"state": {"type": "CANCELLING"}, "force": True}
        api.call("POST", f"/flow_runs/{doomed}/set_state", cancelling)
        for process in processes[lost]:
            process.kill()
        assert api.wait(api.trigger("tiny/tiny"), timeout=120).succeeded
        _await_state(api, doomed, "CANCELLED")
        _await_state(api, lost, "CRASHED")
        processes = flow_processes(stack.config.root)
        assert lasting in processes
        assert not {doomed, lost} & set(processes)
        assert api.state(lasting).state_type == "RUNNING"

    parts = {name: read_record(home.record(name)) for name in PROGRAMS}
    for number in (signal.SIGKILL, signal.SIGSTOP):
        supervisor = read_record(home.record("supervisor"))
        assert supervisor is not None
        os.kill(supervisor.pid, number)
        if number == signal.SIGSTOP:
            os.utime(home.supervisor_heartbeat_file, (0, 0))  # it has hung for long
        again = stack.make("up")
        assert again.returncode == 0, again.stderr
        successor = read_record(home.record("supervisor"))
        assert successor is not None
        assert successor.pid != supervisor.pid
        assert {name: read_record(home.record(name)) for name in PROGRAMS} == parts
    with stack.api() as api:
        assert api.state(lasting).state_type == "RUNNING"
        assert api.wait(api.trigger("tiny/tiny"), timeout=120).succeeded
    assert stack.make("down").returncode == 0
    assert stack.marked() == []


def test_a_taken_port_stops_everything_before_it_starts(stack: Stack) -> None:
    """Half a stack would be left behind, or the user not know what to do."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", stack.config.server_port))
        other.listen()
        refused = stack.make("up")
    assert refused.returncode == 1
    assert "SLIPWAY_SERVER_PORT" in refused.stderr
    assert f"process {os.getpid()}" in refused.stderr
    assert stack.marked() == []


def test_a_part_that_does_not_start_is_shown_with_its_log(
    stack: Stack, prefect_database: Path
) -> None:
    """The user would wait for two minutes and learn nothing."""
    copy_into(stack.config.root, prefect_database)
    (stack.root / "prefect.yaml").write_text(DECLARED.replace("tiny.tiny_flow", "absent.flow"))
    refused = stack.make("up")
    assert refused.returncode == 1
    assert "No module named 'absent'" in refused.stderr
    assert stack.marked() == []


def test_one_setting_puts_prefect_and_the_ledger_on_postgresql(stack: Stack) -> None:
    """A team that wants one real database would get half of it, or a stack that does not start."""
    server = postgresql()
    name = server.create()
    url = server.url(name).replace("+psycopg", "")
    on_postgresql = stack.config.model_copy(update={"database_url": SecretStr(url)})
    moved = Stack(stack.root, on_postgresql)
    up = moved.make("up")
    assert up.returncode == 0, up.stderr
    with moved.api() as api:
        assert api.wait(api.trigger("tiny/tiny"), timeout=120).succeeded
    assert moved.make("down").returncode == 0
    with psycopg.connect(url) as connection:
        runs = connection.execute("SELECT name, state_type FROM public.flow_run").fetchall()
        providers = connection.execute("SELECT name FROM slipway_ledger.providers").fetchall()
    assert [state for _, state in runs] == ["COMPLETED"]
    assert providers
    assert not list(stack.config.root.rglob("*.db"))
    server.drop(name)
