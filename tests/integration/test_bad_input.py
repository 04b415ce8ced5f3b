"""Tests of bad input over the API: field, value and remedy are named, and nothing is left."""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import httpx
import psutil
import pytest
import yaml

from stack.api import Json
from stack.flow_run import FlowRun
from tests.integration.bad_input_cases import CASES, UNREADABLE, Case, steps
from tests.integration.conftest import Stack

pytestmark = [pytest.mark.integration, pytest.mark.prefect]

AT_ONCE = 3
SERVICE = ["sleep", "7654321"]
"""What the project would start; nothing else on a machine has this command line."""


@pytest.fixture(scope="module")
def folder(stack: Stack) -> Path:
    """Give a folder with a source and two files that cannot be configured."""
    folder = stack.folder / "bad-input"
    (folder / "source").mkdir(parents=True)
    (folder / "source" / "Procfile").write_text(f"web: exec {' '.join(SERVICE)}\n")
    (folder / "locked").mkdir()
    wrong = {
        "key": {"projects": {"shop": {"source": ".", "services": {"web": {"comand": "serve"}}}}},
        "source": {"projects": {"shop": {"source": "nowhere"}}},
        "locked": {"projects": {"shop": {"source": "locked"}}},
        "inherits": {"environments": {"qa": {"inherits": "prd"}, "prod": {}}},
        "repository": {"projects": {"shop": {"source": "source", "repository": "locla"}}},
        "port": {"projects": {"shop": {"source": "source", "services": {"web": {"port": 81}}}}},
        "size": {"providers": {"big": {"kind": "shell", "memory_mib": "2 GB"}}},
    }
    for name, document in wrong.items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(document))
    return folder


@pytest.fixture(scope="module")
def taken_port() -> Iterator[int]:
    """Give a port on which somebody else listens."""
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        yield int(somebody.getsockname()[1])


@pytest.fixture(scope="module")
def refused(stack: Stack, folder: Path, taken_port: int) -> dict[str, FlowRun]:
    """Have every case run; give how each ended.

    A worker runs one case of each operation, some side by side, and those with variables of their
    own; the others run in a process that exists.
    """
    project = {"source": str(folder / "source"), "kind": "procfile"}
    projects = {
        "bad-input": {**project, "workloads": {"fine": steps({"id": "a"})}},
        "bad-data": {**project, "data": [str(folder / "nowhere")]},
        "bad-source": {**project, "source": str(folder / "removed")},
        "bad-locked": {**project, "source": str(folder / "locked")},
    }
    (folder / "removed").mkdir()
    stack.configure("bad-input", {"projects": projects})
    (folder / "removed").rmdir()
    (folder / "locked").chmod(0)
    stack.done_here("backup", project="bad-input")
    cases = _filled(folder, taken_port)
    first_of_each = {case.deployment: name for name, case in reversed(cases.items())}
    by_worker = {
        name: case for name, case in cases.items() if case.environ or name in first_of_each.values()
    }
    ended: dict[str, FlowRun] = {}
    remaining = iter(by_worker.items())
    while wave := dict(islice(remaining, AT_ONCE)):
        ids = {name: _start(stack, case) for name, case in wave.items()}
        ended |= {name: stack.api.wait(run) for name, run in ids.items()}
    for name, case in cases.items():
        if name not in ended:
            ended[name] = stack.run_here(case.deployment, **case.parameters)
    return ended


def _filled(folder: Path, port: int) -> dict[str, Case]:
    def fill(value: str) -> str:
        return value.replace("{folder}", str(folder)).replace("{port}", str(port))

    return {
        name: Case(
            case.deployment,
            json.loads(fill(json.dumps(case.parameters))),
            tuple(fill(part) for part in case.message_parts),
            json.loads(fill(json.dumps(case.environ))),
            case.told_by,
        )
        for name, case in CASES.items()
        if name not in UNREADABLE or os.geteuid() != 0
    }


def _start(stack: Stack, case: Case) -> str:
    deployment = stack.api.deployment(f"{case.deployment}/{case.deployment}")
    body = {"parameters": case.parameters, "job_variables": {"env": case.environ}}
    return str(
        stack.api.call("POST", f"/deployments/{deployment['id']}/create_flow_run", body)["id"]
    )


@pytest.mark.parametrize("name", CASES)
def test_its_state_names_field_value_and_remedy(
    name: str, stack: Stack, refused: dict[str, FlowRun], folder: Path, taken_port: int
) -> None:
    """Broken: who reads the UI cannot tell what to mend, or finds out when half is done."""
    if name not in refused:
        pytest.skip("root reads everything")
    case, run = _filled(folder, taken_port)[name], refused[name]
    assert run.state_type == "FAILED"
    assert [part for part in case.message_parts if part not in run.message] == [], run.message
    assert len(run.message.splitlines()) <= 3
    assert not re.search(r"\w+Error\b|Traceback|pydantic", run.message)
    assert _tasks(stack, run) <= set(case.told_by)


def _tasks(stack: Stack, run: FlowRun) -> set[str]:
    """Return the names of the tasks of a flow run; the first word of each."""
    names: Sequence[str] = [task["name"] for task in stack.api.task_runs(run.id)]
    return {re.split(r"[ -]", name)[0] for name in names}


def test_nothing_is_left_of_them(stack: Stack, refused: dict[str, FlowRun], folder: Path) -> None:
    """Broken: a refused run leaves a service, or folders that the next one takes for finished."""
    home = stack.config.root
    assert len(refused) >= len(CASES) - len(UNREADABLE)
    assert [process for process in psutil.process_iter(["cmdline"]) if _is_service(process)] == []
    for project in ("bad-data", "bad-source"):
        assert not (home / "releases" / project).exists()
        assert not (home / "data" / project).exists()
        assert not (home / "staging" / project).exists()
    assert not (folder / "new").exists()
    assert not (folder.parent / "away").exists()
    assert [file.name for file in (folder / "source").iterdir()] == ["Procfile"]


def _is_service(process: psutil.Process) -> bool:
    return bool(process.info["cmdline"] == SERVICE)


def test_what_was_refused_can_be_mended_and_run(stack: Stack, refused: dict[str, FlowRun]) -> None:
    """Broken: a refused workload is taken for one that still runs, and blocks the good one."""
    assert refused["cycle"].state_type == "FAILED"
    stack.done("run", project="bad-input", workload=steps({"id": "fetch"}))


@pytest.mark.parametrize(
    ("deployment", "parameters", "named"),
    [
        pytest.param("run", {"project": "x", "dry_run": "perhaps"}, "'dry_run'", id="boolean"),
        pytest.param("run", {"project": "x", "strategy": "luck"}, "'strategy'", id="choice"),
        pytest.param("launch", {"project": 3}, "'project'", id="text"),
        pytest.param("run", {}, "'project'", id="missing"),
        pytest.param("launch", {"project": "x", "enviroment": "dev"}, "'enviroment'", id="unknown"),
        pytest.param(
            "run",
            {"project": "x", "workload": steps({"id": "a", "timeout_seconds": "5 min"})},
            "'workload.steps[0].timeout_seconds'",
            id="duration",
        ),
        pytest.param(
            "run",
            {"project": "x", "workload": steps({"id": "a", "comand": "true"})},
            "'workload.steps[0]'",
            id="unknown key",
        ),
    ],
)
def test_a_wrong_parameter_makes_no_flow_run(
    deployment: str, parameters: Json, named: str, stack: Stack
) -> None:
    """Broken: a parameter of the wrong type is found by a process that was started for it."""
    registered = stack.api.deployment(f"{deployment}/{deployment}")
    only = {"deployments": {"id": {"any_": [registered["id"]]}}}
    before = stack.api.call("POST", "/flow_runs/count", only)
    with pytest.raises(httpx.HTTPStatusError) as caught:
        stack.api.call(
            "POST", f"/deployments/{registered['id']}/create_flow_run", {"parameters": parameters}
        )
    assert caught.value.response.is_client_error
    detail = caught.value.response.json()["detail"]
    assert named in detail
    assert "It is: " in detail or "Known are: " in detail
    assert stack.api.call("POST", "/flow_runs/count", only) == before


def test_a_taken_port_stops_make_up(stack: Stack, tmp_path: Path) -> None:
    """Broken: a second stack half starts, or breaks the first."""
    config = stack.config.model_copy(update={"home": tmp_path / "other"})
    other = replace(stack, config=config, folder=tmp_path)
    up = other.make("stack.up")
    assert up.returncode != 0
    assert "SLIPWAY_SERVER_PORT: the port of the Prefect server is held by" in up.stderr
    assert f"(got {stack.config.server_port})" in up.stderr
    assert "SLIPWAY_SERVER_PORT=<port> make up" in up.stderr
    assert "Traceback" not in up.stderr
    assert other.processes() == []
