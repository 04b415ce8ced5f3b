"""Tests of the validation of projects, environments and workloads."""

from __future__ import annotations

import pytest
from prefect.blocks.core import Block
from pydantic import ValidationError

from blocks.environment import Environment
from blocks.environment_spec import EnvironmentSpec
from blocks.project import Project
from blocks.project_spec import ProjectSpec, ServiceSpec
from blocks.providers.interface import Resources
from blocks.providers.shell import ShellProvider
from blocks.repositories.restic import ResticRepository
from blocks.routers.caddy import CaddyRouter
from blocks.workload_spec import PytestWorkload, StepSpec, StepsWorkload


def test_resources_are_a_vector() -> None:
    """Admission adds and compares by component."""
    capacity = Resources(cpus=2, memory_mib=100, slots=1)
    assert capacity.minus(Resources(cpus=0.5)) == Resources(cpus=1.5, memory_mib=100, slots=1)
    assert capacity.lacks(Resources(cpus=3, slots=2)) == {"cpus": 1.0, "slots": 1}
    assert Resources(cpus=0.1) + Resources(cpus=0.2) == Resources(cpus=0.3)


@pytest.mark.parametrize("fields", [{"cpus": -1}, {"gpus": 1}, {"slots": "many"}])
def test_resources_refuse_nonsense(fields: dict[str, object]) -> None:
    """A negative demand would create capacity."""
    with pytest.raises(ValidationError):
        Resources.model_validate(fields)


@pytest.mark.parametrize("name", ["", "Build", "../x", "a b"])
def test_step_ids_are_safe_as_folder_names(name: str) -> None:
    """A step's id is a part of its execution folder."""
    with pytest.raises(ValidationError):
        StepSpec(id=name, run="true")


def test_a_public_port_belongs_to_one_service_that_takes_traffic() -> None:
    """Broken: the launch would find out, after a build, or one service would hide the other."""
    with pytest.raises(ValidationError, match="port 8310 has no use"):
        ServiceSpec(port=8310, web=False)
    both = {"web": ServiceSpec(port=8310), "api": ServiceSpec(port=8310)}
    with pytest.raises(ValidationError, match="services web and api both ask for port 8310"):
        ProjectSpec(source="x", services=both)


@pytest.mark.parametrize("path", ["", "/", "/health?deep=1", "/caf\u00e9"])
def test_a_health_path_is_one_that_http_can_ask_for(path: str) -> None:
    """Broken: a service with a path that is fine cannot be configured."""
    assert ServiceSpec(health_path=path).health_path == path


@pytest.mark.parametrize("path", ["health", "/a b", "/a\r\nX-Evil: y", "http://u:p@evil/"])
def test_another_health_path_is_refused(path: str) -> None:
    """Broken: the launch fails after its time limit, and nobody knows why."""
    with pytest.raises(ValidationError, match="is not a path: begin with /"):
        ServiceSpec(health_path=path)


@pytest.mark.parametrize("name", ["token", "private_token", "auth", "key", "pw", "sig"])
def test_a_token_in_the_query_of_an_address_is_refused(name: str) -> None:
    """Broken: whoever lists processes reads it, as Git and uv get the address in an argument."""
    address = f"https://example.org/shop.git?{name}=hunter22"
    for fields in ({"source": address}, {"source": ".", "requirements": [f"foo @ {address}"]}):
        with pytest.raises(ValidationError, match="has a token in the query of an address"):
            ProjectSpec.model_validate(fields)
    assert ProjectSpec(source="https://example.org/x?ref=main").source.endswith("?ref=main")


def test_what_is_empty_is_no_source_and_no_password() -> None:
    """Broken: the folder of the file is launched; the first backup fails at night."""
    with pytest.raises(ValidationError, match="at least 1 character"):
        ProjectSpec(source="")
    with pytest.raises(ValidationError, match="at least 1 item"):
        ResticRepository(location="/srv", password="")


def test_a_project_block_gives_its_spec_back() -> None:
    """Flows work on the frozen value: a field lost on the way would not hold."""
    spec = ProjectSpec(
        source="x",
        services={"web": ServiceSpec(command="serve")},
        workloads={
            "tests": PytestWorkload(kind="pytest", shards=3),
            "build": StepsWorkload(steps=[StepSpec(id="a", run="make")]),
        },
    )
    assert Project(**spec.model_dump()).spec() == spec


def test_an_environment_block_gives_its_spec_back_and_hides_secrets() -> None:
    """A secret must survive the block and never its representation."""
    block = Environment(variables={"A": "b"}, secrets={"KEY": "hunter2"}, inherits="base")
    spec = block.spec()
    assert isinstance(spec, EnvironmentSpec)
    assert spec.secrets["KEY"].get_secret_value() == "hunter2"
    assert "hunter2" not in repr(block) + str(spec)


@pytest.mark.parametrize(
    "block", [Project, Environment, ShellProvider, ResticRepository, CaddyRouter]
)
def test_blocks_explain_themselves(block: type[Block]) -> None:
    """The form in the UI shows what the class says: each field has help, the block an example."""
    assert block.get_description()
    assert f"{block.__name__}" in (block.get_code_example() or "")
    assert all(field.description for field in block.model_fields.values())


@pytest.mark.parametrize(
    "block", [Project, Environment, ShellProvider, ResticRepository, CaddyRouter]
)
def test_blocks_are_found_in_the_catalogue(block: type[Block]) -> None:
    """Whoever searches for Slipway would miss one, or see no example: the UI shows fenced ones."""
    assert block.get_block_type_name().startswith("Slipway ")
    assert "\n```python\n" in f"\n{block.get_code_example()}"


def test_a_workload_with_steps_needs_no_kind() -> None:
    """The file that the documents show would be refused."""
    fields = {"source": "/shop", "workloads": {"build": {"steps": [{"id": "a", "run": "make"}]}}}
    assert ProjectSpec.model_validate(fields).workloads["build"].kind == "steps"


@pytest.mark.parametrize("tag", ["Team", "team a", "-a", "a--b", "", "tag:a", "a" * 101])
def test_a_tag_is_written_like_a_name(tag: str) -> None:
    """Broken: a project is configured with a tag that no operation can be given."""
    with pytest.raises(ValidationError, match="is not a valid tag: use lower-case letters"):
        ProjectSpec(source="/src", tags=["team-a", tag])
    assert ProjectSpec(source="/src", tags=["team-a", "2"]).tags == ["team-a", "2"]
