"""Tests of bad input over the API: field, value and remedy are named, and nothing is left."""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import httpx
import psutil
import pytest
import yaml

from stack.api import Json
from stack.flow_run import FlowRun
from tests.integration.conftest import Stack

pytestmark = [pytest.mark.integration, pytest.mark.prefect]

AT_ONCE = 3
SERVICE = ["sleep", "7654321"]
"""What the project would start; nothing else on a machine has this command line."""


@dataclass(frozen=True)
class Case:
    """A flow run that must be refused, and what it has to say.

    ``{folder}`` and ``{port}`` in its values are filled in. ``told_by`` names the task runs that
    it may have: none where the flow itself refuses.
    """

    deployment: str
    parameters: Json
    message_parts: tuple[str, ...]
    environ: dict[str, str] = field(default_factory=dict)
    told_by: tuple[str, ...] = ()


def _steps(*steps: Json) -> Json:
    return {"kind": "steps", "steps": [{"run": "true", **step} for step in steps]}


def _run(workload: str | Json, *parts: str, **parameters: object) -> Case:
    parameters = {"project": "bad-input", "workload": workload, **parameters}
    return Case("run", parameters, parts)


def _restore(*parts: str, target: str, snapshot: str = "latest") -> Case:
    parameters = {"project": "bad-input", "target": target, "snapshot": snapshot}
    return Case("restore", parameters, parts, told_by=("restore",))


UNREADABLE = ("source that cannot be read", "unreadable source")
WITHOUT_PROGRAMS = {"PATH": "{folder}/nothing-installed"}
CASES = {
    "unknown project": Case(
        "launch",
        {"project": "bad-inptu"},
        ("project: unknown", "'bad-inptu'", "did you mean 'bad-input'?", "run `configure`"),
    ),
    "unknown environment": Case(
        "launch",
        {"project": "bad-input", "environment": "dve"},
        ("environment: unknown", "'dve'", "did you mean 'dev'?", "Configure it"),
    ),
    "unknown workload": _run(
        "fnie", "workload: unknown", "'fnie'", "did you mean 'fine'?", "workloads of bad-input"
    ),
    "unknown provider": _run(
        "fine", "provider: unknown", "'locla'", "run `configure`", providers=["locla"]
    ),
    "unknown key": Case(
        "configure",
        {"file": "{folder}/key.yaml"},
        ("projects.shop.services.web.comand: unknown key", "Did you mean 'command'?"),
    ),
    "size that cannot be read": Case(
        "configure",
        {"file": "{folder}/size.yaml"},
        ("providers.big.memory_mib: is not a whole number", "'2 GB'", "Memory it may hand out"),
    ),
    "file of a workload": _run(
        {"kind": "wfformat", "file": "{folder}/none.json"},
        "workloads.inline.file: No such file or directory",
        "none.json'",
        "Name a file that exists",
    ),
    "cycle": _run(
        _steps(
            {"id": "fetch", "needs": ["pack"]},
            {"id": "build", "needs": ["fetch"]},
            {"id": "pack", "needs": ["build"]},
        ),
        "workloads.inline.steps.fetch.needs: the needs form a cycle",
        "fetch needs pack, pack needs build, build needs fetch",
        "Remove one of these needs",
    ),
    "demand beyond every provider": _run(
        _steps({"id": "huge", "demand": {"cpus": 4096, "slots": 1}}),
        "workloads.inline.steps.huge.demand: beyond every provider",
        "'4096 cpus, 1 slots'",
        "local, has",
        "Lower the demand",
    ),
    "syntax of when": _run(
        _steps({"id": "a"}, {"id": "b", "needs": ["a"], "when": "steps.a.succeeded &&"}),
        "workloads.inline.steps.b.when: is not a CEL expression: unexpected at character 21",
        "'steps.a.succeeded &&'",
        "Write e.g. steps.build.succeeded",
    ),
    "variable of when": _run(
        _steps({"id": "a"}, {"id": "b", "needs": ["a"], "when": "stepps.a.succeeded"}),
        "workloads.inline.steps.b.when: names stepps, which is not known",
        "It may use environment, project, steps, version",
    ),
    "name of a matrix": _run(
        _steps({"id": "a", "run": "x {matrix.oss}", "matrix": {"os": ["linux"]}}),
        "workloads.inline.steps.a.run: names {matrix.oss}, which is not known",
        "The matrix has os",
    ),
    "list that is none": _run(
        _steps({"id": "a"}, {"id": "b", "needs": ["a"], "foreach": "steps.a.exit_code"}),
        "workloads.inline.steps.b.foreach: is 0, not a list (got 'steps.a.exit_code')",
        "Write e.g. steps.list.output",
    ),
    "missing restic": Case(
        "backup",
        {"project": "bad-input"},
        ("restic is not installed", "Install it with: ", "install restic"),
        WITHOUT_PROGRAMS,
    ),
    "missing restic of a ship": Case(
        "ship",
        {"project": "bad-input", "workload": "fine"},
        ("restic is not installed", "Install it with: ", "install restic"),
        WITHOUT_PROGRAMS,
    ),
    "taken port": Case(
        "launch",
        {"project": "bad-input"},
        ("no port is free on 127.0.0.1 from {port} to {port}", "SLIPWAY_SERVICE_PORT_HIGH"),
        {"SLIPWAY_SERVICE_PORT_LOW": "{port}", "SLIPWAY_SERVICE_PORT_HIGH": "{port}"},
        told_by=("build", "launch"),
    ),
    "source that is not there": Case(
        "configure",
        {"file": "{folder}/source.yaml"},
        ("projects.shop.source: there is no such file or folder", "'{folder}/nowhere'"),
    ),
    "source that cannot be read": Case(
        "configure",
        {"file": "{folder}/locked.yaml"},
        ("projects.shop.source: ", "cannot be read", "Let this user read it"),
    ),
    "missing data folder": Case(
        "ship",
        {"project": "bad-data", "workload": ""},
        ("projects.bad-data.data: no such folder", "'{folder}/nowhere'", "Create it"),
    ),
    "missing source": Case(
        "launch",
        {"project": "bad-source"},
        ("projects.bad-source.source: there is no such file or folder", "'{folder}/removed'"),
        told_by=("build",),
    ),
    "unreadable source": Case(
        "launch",
        {"project": "bad-locked"},
        ("projects.bad-locked.source: ", "cannot be read", "Let this user read it"),
        told_by=("build",),
    ),
    "target that climbs": _restore(
        "target: is not a full path without `..`",
        "'{folder}/new/../../away'",
        "Write it in full",
        target="{folder}/new/../../away",
    ),
    "file elsewhere": Case(
        "configure", {"file": "/etc/shadow"}, ("file: lies in none of ", "add its folder to")
    ),
    "file that is none": Case(
        "configure",
        {"file": "{folder}/source"},
        ("file: is a folder, not a regular file", "Name a text file"),
    ),
    "target elsewhere": Case(
        "restore",
        {"project": "bad-input", "target": "/etc/slipway-restored"},
        ("target: lies in none of ", "SLIPWAY_ROOTS"),
    ),
    "target in what is kept": Case(
        "restore",
        {"project": "bad-input", "target": "{folder}/../home/releases/new"},
        ("target: lies in the home of Slipway", "Give a folder elsewhere"),
    ),
    "target that is not empty": _restore(
        "target: is not empty", "'{folder}/source'", "Give a new", target="{folder}/source"
    ),
    "unknown snapshot": _restore(
        "snapshot: unknown",
        "'0abc'",
        "Give an id, or `latest`",
        target="{folder}/new",
        snapshot="0abc",
    ),
    "unknown version": Case(
        "deploy",
        {"project": "bad-input", "version": "v99"},
        ("version: ", "is one version only", "'v99'", "Ask for no version"),
        told_by=("deploy",),
    ),
    "key without history": Case(
        "estimate",
        {"key": "flow/never-ran"},
        ("key: unknown", "'flow/never-ran'", "Run it once, or name what has run before"),
    ),
    "nothing to roll back to": Case(
        "rollback",
        {"project": "bad-input"},
        ("has no former release", "'bad-input/dev'", "Deploy the version you want"),
        told_by=("roll",),
    ),
}


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
    """Have every case run, some side by side; give how each ended."""
    project = {"source": str(folder / "source"), "kind": "procfile"}
    projects = {
        "bad-input": {**project, "workloads": {"fine": _steps({"id": "a"})}},
        "bad-data": {**project, "data": [str(folder / "nowhere")]},
        "bad-source": {**project, "source": str(folder / "removed")},
        "bad-locked": {**project, "source": str(folder / "locked")},
    }
    (folder / "removed").mkdir()
    stack.configure("bad-input", {"projects": projects})
    (folder / "removed").rmdir()
    (folder / "locked").chmod(0)
    stack.done("backup", project="bad-input")
    ended: dict[str, FlowRun] = {}
    remaining = iter(_filled(folder, taken_port).items())
    while wave := dict(islice(remaining, AT_ONCE)):
        ids = {name: _start(stack, case) for name, case in wave.items()}
        ended |= {name: stack.api.wait(run) for name, run in ids.items()}
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
    stack.done("run", project="bad-input", workload=_steps({"id": "fetch"}))


@pytest.mark.parametrize(
    ("deployment", "parameters", "named"),
    [
        pytest.param("run", {"project": "x", "dry_run": "perhaps"}, "'dry_run'", id="boolean"),
        pytest.param("run", {"project": "x", "strategy": "luck"}, "'strategy'", id="choice"),
        pytest.param("launch", {"project": 3}, "'project'", id="text"),
        pytest.param("launch", {}, "'project'", id="missing"),
        pytest.param("launch", {"project": "x", "enviroment": "dev"}, "'enviroment'", id="unknown"),
        pytest.param(
            "run",
            {"project": "x", "workload": _steps({"id": "a", "timeout_seconds": "5 min"})},
            "'workload.steps[0].timeout_seconds'",
            id="duration",
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
    other = Stack(stack.config.model_copy(update={"home": tmp_path / "other"}), tmp_path, stack.api)
    up = other.make("stack.up")
    assert up.returncode != 0
    assert "SLIPWAY_SERVER_PORT: the port of the Prefect server is held by" in up.stderr
    assert f"(got {stack.config.server_port})" in up.stderr
    assert "SLIPWAY_SERVER_PORT=<port> make up" in up.stderr
    assert "Traceback" not in up.stderr
    assert other.processes() == []
