"""What a step of a workload finds around it."""

from __future__ import annotations

from pathlib import Path

import pytest

from blocks.project_spec import ProjectSpec
from tasks.errors import BadInputError
from tasks.launch.step_environment import (
    interpreter,
    programs_first,
    searching_first,
    with_environment,
)
from tasks.launch.target import Target
from tasks.release import Release
from tasks.settings import Settings
from tasks.workload import SplitDecision, Step, StepGraph

OURS = {
    "PATH": "/usr/bin",
    "HOME": "/home/me",
    "PREFECT_API_AUTH_STRING": "admin:hidden",
    "SLIPWAY_LEDGER_URL": "postgresql://hidden",
}


@pytest.fixture
def release(tmp_path: Path) -> Release:
    """Give a release of a Python project with an environment of its own."""
    programs = tmp_path / "env" / "bin"
    programs.mkdir(parents=True)
    (programs / "python").touch()
    return Release("shop", "2", "d2", tmp_path, "python", 0.0)


def _target(**variables: str) -> Target:
    return Target("shop", ProjectSpec(source="/shop"), "dev", variables, {"API_KEY": "hunter2"})


def test_the_programs_of_the_release_come_first(release: Release) -> None:
    """Broken: a step runs the machine's pytest, or none, instead of the release's."""
    variables = programs_first(release, OURS)
    assert variables["PATH"].split(":")[0] == str(release.path / "env" / "bin")
    assert variables["PATH"].split(":")[1:] == ["/usr/bin", str(release.path / "programs")]
    assert variables["HOME"] == "/home/me"


def test_our_own_secrets_stay_with_us(release: Release) -> None:
    """Broken: whatever a project runs can read the password of the API and of the ledger."""
    variables = with_environment(_target(), release, Settings(), OURS)
    assert not [value for value in variables.values() if "hidden" in value]


def test_variables_are_filled_in_as_for_a_service(release: Release, tmp_path: Path) -> None:
    """Broken: a migration step works on another database than the service."""
    target = _target(DATABASE="{{ data }}/shop.db", RELEASE="{{ project }} {{ version }}")
    variables = with_environment(target, release, Settings(home=tmp_path / "home"), OURS)
    assert variables["DATABASE"] == str(tmp_path / "home" / "data" / "shop" / "dev" / "shop.db")
    assert (variables["RELEASE"], variables["API_KEY"]) == ("shop 2", "hunter2")


def test_a_step_has_no_port(release: Release) -> None:
    """Broken: a template that only a service can fill in is filled in with nonsense."""
    variables = {"ADDRESS": "{{ host }}:{{ port }}", "PLACE": "{{ host }}"}
    environment = with_environment(_target(**variables), release, Settings(), OURS)
    assert "ADDRESS" not in environment
    assert environment["PLACE"] == "127.0.0.1"


def test_the_interpreter_is_the_releases_own(release: Release) -> None:
    """Broken: tests run with the packages of Slipway instead of the project's."""
    assert interpreter(release) == release.path / "env" / "bin" / "python"
    (release.path / "env" / "bin" / "python").unlink()
    with pytest.raises(BadInputError, match="declare the workload as steps"):
        interpreter(release)


def test_what_a_step_installs_goes_into_its_workspace(release: Release) -> None:
    """Broken: `pip install` in a step changes the machine's Python, or all that uv has linked."""
    variables = programs_first(release, OURS | {"VIRTUAL_ENV": "/ours", "UV_LINK_MODE": "hardlink"})
    assert variables["VIRTUAL_ENV"] == str(release.path / "env")
    assert variables["PIP_PYTHON"] == str(release.path / "env" / "bin" / "python")
    assert variables["UV_LINK_MODE"] == "copy"
    (release.path / "env" / "bin" / "python").unlink()
    assert "VIRTUAL_ENV" not in programs_first(release, OURS)


def test_the_programs_of_the_release_are_first_on_every_path(tmp_path: Path) -> None:
    """Broken: whoever gives a step a PATH takes pytest and all else that was installed from it."""
    release = Release("p", "1", "d", tmp_path, "python", 0)
    own = programs_first(release, {"PATH": "/bin"}, {"PATH": "/opt/bin"})["PATH"]
    assert own == f"{tmp_path}/env/bin:/opt/bin:{tmp_path}/programs"
    first = Step("a", ("true",), tmp_path, "p/w/a", environment={"PATH": "/mine"})
    second = Step("b", ("true",), tmp_path, "p/w/b", environment={"PATH": own})
    graph = StepGraph("p", "w", (first, second), SplitDecision(2, ""))
    paths = [step.environment["PATH"] for step in searching_first(graph, release, own).steps]
    assert paths == [f"{tmp_path}/env/bin:/mine:{tmp_path}/programs", own]
