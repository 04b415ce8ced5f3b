"""Tests that run the commands of docs/ word for word on a whole stack, in order."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest

from stack.flow_run import FlowRun
from tests.integration.bookshop import write_bookshop
from tests.integration.conftest import ROOT, Stack
from tests.readme import document

pytestmark = [
    pytest.mark.integration,
    pytest.mark.prefect,
    pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed"),
    pytest.mark.skipif(not shutil.which("git"), reason="git is not installed"),
]

OPERATIONS = document("operations")
T = TypeVar("T")


@dataclass(frozen=True)
class Told:
    """How the run that a line of docs/operations.md has started ended, and what answered afterwards."""

    run: FlowRun
    answered: dict[str, Any] | None


@dataclass
class Reader:
    """Someone who types what stands in docs/, in the folder of their project."""

    stack: Stack
    folder: Path

    def types(self, command: str, **variables: str) -> str:
        """Return what ``command`` printed in a shell in which the first block was typed before."""
        own_variables = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PREFECT_HOME": str(self.folder / ".prefect"),
        }
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", f"{OPERATIONS.block('API=')}\n{command}"],
            cwd=self.folder,
            env={**self.stack.environment, **own_variables, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stderr}\n{done.stdout}"
        return done.stdout

    def awaits(self, printed: str) -> FlowRun:
        """Return how the flow run ended whose id stands in what was printed."""
        [run_id, *_] = re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", printed)
        return self.stack.api.wait(run_id)

    def address(self, run: FlowRun) -> str:
        """Return where the project answers, as ``launch`` has logged it."""
        return eventually(
            lambda: next(
                iter(re.findall(r"web at (http://\S+)", "\n".join(self.stack.log_lines(run)))), ""
            )
        )


def eventually(look: Callable[[], T]) -> T:
    """Return what ``look`` sees as soon as there is something: logs and tasks show up late."""
    deadline = time.monotonic() + 60
    while not (value := look()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return value


def answered(url: str) -> dict[str, Any] | None:
    """Return what the shop says; None where nobody does."""
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            printed: dict[str, Any] = json.load(answer)
    except OSError:
        return None
    return printed


@pytest.fixture(scope="module")
def reader(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """Give the reader of docs/, whose project has three versions in Git."""
    folder = tmp_path_factory.mktemp("bookshop")
    write_bookshop(folder)
    return Reader(stack, folder)


@pytest.fixture(scope="module")
def told(reader: Reader) -> dict[str, Told]:
    """Give what came of every line that starts an operation, by operation, run one by one."""
    told: dict[str, Told] = {}
    url = ""
    lines = OPERATIONS.block("start configure").splitlines()
    for line in lines:
        _, operation, _ = line.split(maxsplit=2)
        run = reader.awaits(reader.types(line))
        if operation == "launch" and run.succeeded:
            url = reader.address(run)
        told[operation] = Told(run, answered(url) if url else None)
    # The last line forgets the project; what stands further down on that page is typed with it.
    assert reader.awaits(reader.types(lines[0])).succeeded
    return told


def test_every_line_starts_a_run_that_completes(reader: Reader, told: dict[str, Told]) -> None:
    """The page would teach a call that does not work."""
    failed = {
        name: [each.run.message, *reader.stack.log_lines(each.run)]
        for name, each in told.items()
        if not each.run.succeeded
    }
    assert failed == {}


def test_what_answers_is_what_was_asked_for(told: dict[str, Told]) -> None:
    """An operation would complete and do something else than the page says."""
    versions = {name: (each.answered or {}).get("version", "") for name, each in told.items()}
    assert {name: version.strip() for name, version in versions.items()} == {
        "configure": "",
        **dict.fromkeys(("launch", "status", "run"), "v1.0"),
        **dict.fromkeys(("ship", "backup", "restore"), "v1.1"),
        "deploy": "v1.2",
        **dict.fromkeys(("rollback", "restart"), "v1.1"),
        **dict.fromkeys(("stop", "train", "report", "estimate", "replay", "forget"), ""),
    }
    before, after = told["rollback"].answered, told["restart"].answered
    assert before
    assert after
    assert before["process"] != after["process"]


@pytest.mark.usefixtures("told")
def test_restore_brings_the_data_to_the_folder(reader: Reader) -> None:
    """A backup made by the page's line would hold nothing."""
    orders = (reader.folder / "restored" / "data" / "orders.txt").read_text()
    assert orders.split() == ["v1.0", "v1.1"]


@pytest.mark.usefixtures("told")
def test_a_run_can_be_watched(reader: Reader) -> None:
    """Who has no UI at hand would never learn what came of a run."""
    start, *lines = OPERATIONS.block("RUN=").splitlines()
    run = reader.awaits(reader.types(f'{start}\necho "$RUN"'))

    printed = [
        '"type":"COMPLETED"',
        "Beginning flow run 'status",
        '"key":"status"',
        '"name":"status',
    ]

    def shows(line: str, text: str) -> bool:
        """Tell whether ``line`` prints that of the run."""
        return text in reader.types(line, RUN=run.id)

    for line, text in zip(lines, printed, strict=True):
        assert eventually(partial(shows, line, text)), line


@pytest.mark.usefixtures("told")
def test_a_goal_is_planned_for(reader: Reader) -> None:
    """Money and deadlines could not be asked for as docs/goals.md says."""
    run = reader.awaits(reader.types(document("goals").block("start run")))
    assert run.succeeded, run.message


@pytest.mark.usefixtures("told")
def test_every_read_is_answered(reader: Reader) -> None:
    """The page on the API would teach lines that ask for nothing."""
    for line in document("api").block("curl -K").splitlines():
        answer = json.loads(reader.types(line))
        asked_for = {"processes", "releases", "snapshots", "providers", "estimates", "lines"}
        assert asked_for & set(answer), (line, answer)


@pytest.mark.usefixtures("told")
def test_prefects_own_command_starts_a_run(reader: Reader) -> None:
    """Who prefers the command line would not get past the password."""
    printed = reader.types(OPERATIONS.block("export PATH="))
    assert reader.awaits(printed).succeeded, printed


@pytest.mark.usefixtures("told")
def test_the_backup_schedule_can_be_switched_on(reader: Reader) -> None:
    """Backups would never begin, or end at the next `make up`."""
    api = reader.stack.api
    try:
        reader.types(OPERATIONS.block("schedule() {"))
        [schedule] = api.deployment("backup/backup")["schedules"]
    finally:
        off = {"active": False, "parameters": {"project": ""}}
        api.call(
            "PATCH", f"/deployments/{schedule['deployment_id']}/schedules/{schedule['id']}", off
        )
    assert schedule["active"]
    assert schedule["parameters"] == {"project": "bookshop", "environment": "dev"}
    assert schedule["schedule"]["cron"] == "0 2 * * *"


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
def test_make_up_and_make_status_say_what_runs(stack: Stack) -> None:
    """A second `make up` would start a second stack, or not say where the first one is."""
    printed = {}
    for command in ("make up", "make status"):
        done = subprocess.run(
            command.split(),
            cwd=ROOT,
            env={**stack.environment, "MAKEFLAGS": f"PY={sys.executable} SH=true"},
            capture_output=True,
            text=True,
            check=True,
        )
        printed[command] = done.stdout
    assert "already up" in printed["make up"]
    assert stack.config.server_url in printed["make up"]
    assert printed["make status"].count("answers") == 5
