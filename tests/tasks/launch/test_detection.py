"""A project is built as its manifests say, and runs only what something says."""

from __future__ import annotations

from pathlib import Path

import pytest

from blocks.project_spec import ProjectSpec, ServiceSpec
from tasks.errors import BadInputError, NotFoundError
from tasks.launch.detection import KINDS, kind_of, services_of, start_problem

SPEC = ProjectSpec(source=".")


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        (["pyproject.toml"], "python"),
        (["requirements.txt", "Procfile"], "python"),
        (["package.json"], "node"),
        (["Procfile"], "procfile"),
    ],
)
def test_manifests_say_the_kind(tmp_path: Path, files: list[str], kind: str) -> None:
    """Broken: a project would be built with the wrong tool."""
    for name in files:
        (tmp_path / name).touch()
    assert kind_of("demo", SPEC, tmp_path).name == kind


@pytest.mark.parametrize("files", [[], ["setup.py", "package.json"]])
def test_nothing_is_guessed(tmp_path: Path, files: list[str]) -> None:
    """Broken: an ambiguous project would be built in a way nobody asked for."""
    for name in files:
        (tmp_path / name).touch()
    with pytest.raises(BadInputError, match=r"projects\.demo\.kind: .* Write one of"):
        kind_of("demo", SPEC, tmp_path)
    assert kind_of("demo", SPEC.model_copy(update={"kind": "node"}), tmp_path).name == "node"


@pytest.mark.parametrize(("workload", "kind"), [("pytest", "python"), ("steps", "procfile")])
def test_workloads_alone_need_no_manifest(tmp_path: Path, workload: str, kind: str) -> None:
    """Broken: who has nothing but steps to run is asked how a service is built."""
    fields = {"kind": workload} | ({"steps": [{"id": "a", "run": "x"}]} if kind != "python" else {})
    spec = ProjectSpec.model_validate({"source": ".", "workloads": {"w": fields}})
    assert kind_of("demo", spec, tmp_path).name == kind


def test_containers_are_named_where_nothing_else_is(tmp_path: Path) -> None:
    """Broken: who has a Dockerfile does not learn that it is not read."""
    (tmp_path / "compose.yaml").touch()
    with pytest.raises(BadInputError, match=r"compose\.yaml is not read: Slipway runs services as"):
        kind_of("demo", SPEC, tmp_path)
    with pytest.raises(BadInputError, match=r"services\.web\.command: .*compose\.yaml is not read"):
        services_of("demo", SPEC, KINDS["python"], tmp_path)


def test_a_procfile_names_the_services(tmp_path: Path) -> None:
    """Broken: a project with a Procfile would still ask for its commands."""
    (tmp_path / "Procfile").write_text("web: serve $PORT\nworker: work\n")
    services = services_of("demo", SPEC, KINDS["python"], tmp_path)
    assert {name: (service.command, service.web) for name, service in services.items()} == {
        "web": ("serve $PORT", True),
        "worker": ("work", False),
    }


def test_what_is_configured_counts_and_is_completed(tmp_path: Path) -> None:
    """Broken: a health path could not be set without repeating the command."""
    (tmp_path / "Procfile").write_text("web: serve\nworker: work\n")
    spec = ProjectSpec(source=".", services={"web": ServiceSpec(health_path="/ok")})
    services = services_of("demo", spec, KINDS["procfile"], tmp_path)
    assert {name: (service.command, service.health_path) for name, service in services.items()} == {
        "web": ("serve", "/ok"),
        "worker": ("work", ""),
    }


@pytest.mark.parametrize(("port", "web"), [(None, False), (8310, True)])
def test_a_configured_worker_stays_one(tmp_path: Path, port: int | None, *, web: bool) -> None:
    """Broken: who gives a worker of the Procfile a second replica makes it wait for a port."""
    (tmp_path / "Procfile").write_text("web: serve\nworker: work\n")
    spec = ProjectSpec(source=".", services={"worker": ServiceSpec(replicas=2, port=port)})
    services = services_of("demo", spec, KINDS["procfile"], tmp_path)
    assert services["worker"].replicas == 2
    assert services["worker"].web is web


def test_no_replica_leaves_a_process_out(tmp_path: Path) -> None:
    """Broken: nobody can launch a project without the worker that its Procfile names."""
    (tmp_path / "Procfile").write_text("web: serve\nworker: work\n")
    none = {"worker": ServiceSpec(replicas=0)}
    spec = ProjectSpec(source=".", services=none)
    assert list(services_of("demo", spec, KINDS["procfile"], tmp_path)) == ["web"]
    spec = ProjectSpec(source=".", services={"web": ServiceSpec(replicas=0), **none})
    with pytest.raises(
        BadInputError, match=r"projects\.demo\.services: .*none has a replica.* `stop`"
    ):
        services_of("demo", spec, KINDS["procfile"], tmp_path)


@pytest.mark.parametrize("replicas", [0, 1])
def test_a_process_that_the_procfile_has_not_is_named(tmp_path: Path, replicas: int) -> None:
    """Broken: what was to be left out runs on, for a typing error that nobody is told of."""
    (tmp_path / "Procfile").write_text("web: serve\nworker: work\n")
    spec = ProjectSpec(source=".", services={"wroker": ServiceSpec(replicas=replicas)})
    with pytest.raises(NotFoundError, match=r"services: .*did you mean 'worker'.*'wroker'"):
        services_of("demo", spec, KINDS["procfile"], tmp_path)


def test_what_a_manifest_starts_is_started_only_where_nothing_is_configured(tmp_path: Path) -> None:
    """Broken: a project that names its own services gets `npm start` beside them."""
    (tmp_path / "package.json").write_text('{"scripts": {"start": "node app.js"}}')
    spec = ProjectSpec(source=".", services={"api": ServiceSpec(command="node api.js")})
    assert list(services_of("demo", spec, KINDS["node"], tmp_path)) == ["api"]


def test_npm_start_is_the_command_of_a_node_project(tmp_path: Path) -> None:
    """Broken: a common Node project would ask for its command."""
    (tmp_path / "package.json").write_text('{"scripts": {"start": "node app.js"}}')
    assert services_of("demo", SPEC, KINDS["node"], tmp_path)["web"].command == "npm start"


@pytest.mark.parametrize("services", [{}, {"web": ServiceSpec()}])
def test_without_a_command_it_says_where_to_write_it(
    tmp_path: Path, services: dict[str, ServiceSpec]
) -> None:
    """Broken: a launch would fail without saying what is missing."""
    spec = ProjectSpec(source=".", services=services)
    with pytest.raises(BadInputError, match=r"^projects\.demo\.services\.web\.command: "):
        services_of("demo", spec, KINDS["python"], tmp_path)


@pytest.mark.parametrize(
    ("files", "fields", "message"),
    [
        ([], {}, "no manifest says what it is"),
        (["requirements.txt"], {}, "neither a Procfile nor a manifest says how it starts"),
        (["requirements.txt"], {"services": {"web": {}}}, "says how it starts"),
        (["requirements.txt"], {"services": {"web": {"command": "x"}}}, ""),
        (["HEAD", "objects/x", "refs/x"], {}, ""),
        ([], {"workloads": {"w": {"kind": "pytest"}}}, ""),
    ],
    ids=["empty", "no start", "no command", "a command", "a bare repository", "workloads only"],
)
def test_what_cannot_start_is_found_when_it_is_configured(
    tmp_path: Path, files: list[str], fields: dict[str, object], message: str
) -> None:
    """Broken: `configure` says nothing, and the launch refuses the project."""
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    spec = ProjectSpec.model_validate({"source": str(tmp_path), **fields})
    problem = start_problem("demo", spec, tmp_path)
    assert message in problem
    assert bool(problem) == bool(message)
    assert start_problem("demo", spec, tmp_path / "gone") == ""
