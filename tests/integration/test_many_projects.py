"""Tests of operations on several projects at once, over the API of a whole stack."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from stack.api import Json
from stack.flow_run import FlowRun
from tasks.errors import BadInputError
from tests.integration.conftest import Stack
from tests.integration.observation import answer, artifacts, ended_task_runs, eventually, marked
from tests.integration.tiny_project import configuration, write_version

pytestmark = [pytest.mark.integration, pytest.mark.prefect]

NAME = "many"
WELL = ("many-a", "many-b")
ILL = "many-ill"
_URL = re.compile(r"web at (http://\S+)")


@dataclass(frozen=True)
class Launched:
    """Two projects that are well and one that is not, launched by one run."""

    stack: Stack
    run: FlowRun
    rows: Mapping[str, Json]

    def url(self, project: str) -> str:
        """Return where a project answers."""
        found = _URL.search(self.rows[project]["detail"])
        assert found
        return found[1]


def rows(stack: Stack, run: FlowRun, operation: str) -> dict[str, Json]:
    """Return the rows of the table of a run, by project."""
    table = artifacts(stack, run.id)[f"projects-{operation}-{NAME}"]
    return {row["project"]: row for row in json.loads(table["data"])}


@pytest.fixture(scope="module")
def launched(stack: Stack) -> Launched:
    """Launch three projects by their tag; one of them has no version that could be launched."""
    folder = stack.folder / NAME
    for version in ("1", "2"):
        write_version(folder, version)
    document = configuration(NAME, folder)
    project = document["projects"].pop(NAME) | {"tags": ["of-many"]}
    document["projects"] = dict.fromkeys(WELL, project)
    ill = {**project["services"]["web"], "command": "false", "restart": "never"}
    document["projects"][ILL] = project | {"services": {"web": ill}}
    stack.configure(NAME, document)
    run = stack.run("launch", projects=["tag:of-many"], environment=NAME)
    return Launched(stack, run, rows(stack, run, "launch"))


def test_what_is_well_serves_although_another_project_fails(launched: Launched) -> None:
    """Broken: one project that ends at once keeps all others down."""
    assert launched.run.state_name == "Failed"
    assert launched.run.message.startswith(f"2 of 3 projects succeeded; {ILL} failed: ")
    assert {name: row["outcome"] for name, row in launched.rows.items()} == {
        **dict.fromkeys(WELL, "Completed"),
        ILL: "Failed",
    }
    assert "Its last lines" in launched.rows[ILL]["detail"]
    for name in WELL:
        assert answer(launched.url(name)) == "1"


def test_each_project_has_one_task_run(launched: Launched) -> None:
    """Broken: nobody sees on the page of the run which project takes long, or fails."""
    task_runs = ended_task_runs(launched.stack, launched.run.id, [*WELL, ILL])
    assert set(task_runs) == {*WELL, ILL}
    assert task_runs[ILL]["state_name"] == "Failed"


def test_a_run_is_found_by_what_it_was_asked_for(launched: Launched) -> None:
    """Broken: a run on several projects is called after an animal."""
    assert launched.run.name == f"launch tag:of-many in {NAME}"


def test_the_api_refuses_a_call_that_names_no_project_or_both(stack: Stack) -> None:
    """Broken: a process is started that can only say that it was asked for nothing."""
    calls: list[Json] = [{}, {"project": "a", "projects": ["b"]}, {"projects": ["B"]}]
    for parameters in calls:
        with pytest.raises(BadInputError, match=r"the server says: .*project"):
            stack.api.trigger("stop/stop", parameters)


def test_an_entry_that_means_nothing_stops_nothing(launched: Launched) -> None:
    """Broken: the first half of a list is stopped before its typing error is seen."""
    run = launched.stack.run_here("stop", projects=["many-a", "mnay-*"], environment=NAME)
    assert "projects: unknown" in run.message
    assert answer(launched.url("many-a")) == "1"


def test_several_are_deployed_backed_up_looked_at_and_stopped(launched: Launched) -> None:
    """Broken: an operation takes several projects and does its work for one, or for none."""
    stack, several = launched.stack, {"projects": ["many-?"], "environment": NAME}
    deployed = stack.done_here("deploy", **several, version="2")
    assert set(rows(stack, deployed, "deploy")) == {*WELL}
    assert {f"rollout--{name}--{NAME}" for name in WELL} <= artifacts(stack, deployed.id).keys()
    for name in WELL:
        assert answer(launched.url(name)) == "2"
    backed_up = stack.done_here("backup", **several)
    assert {f"backup--{name}--{NAME}" for name in WELL} <= artifacts(stack, backed_up.id).keys()
    restarted = stack.done_here("restart", **several)
    assert "1 started" in rows(stack, restarted, "restart")["many-a"]["detail"]
    status = stack.done_here("status", **several)
    assert set(rows(stack, status, "status")) == {*WELL}
    assert f"status--many-a--{NAME}" in artifacts(stack, status.id)
    stopped = stack.done_here("stop", **several)
    assert stopped.message.startswith("2 of 2 projects succeeded; ")
    for name in WELL:
        with pytest.raises(OSError, match=r"HTTP Error 50|refused"):
            answer(launched.url(name))


def test_a_cancelled_run_leaves_nothing_half_started(stack: Stack, tmp_path: Path) -> None:
    """Broken: whoever cancels a launch of many finds processes that nothing will ever end."""
    name = "many-cancelled"
    for version in ("1", "2"):
        write_version(tmp_path, version)
    document = configuration(name, tmp_path)
    project = document["projects"].pop(name)
    document["projects"] = {f"{name}-{each}": project for each in "xyz"}
    (tmp_path / "sick-1").touch()  # none becomes healthy, so that all are waited for
    stack.configure(name, document)
    run_id = stack.api.trigger("launch/launch", {"projects": [f"{name}-*"], "environment": name})
    started = partial(marked, "TINY_FOLDER", str(tmp_path))
    eventually(lambda: len(started()) == 3, "the three were not started side by side")
    body = {"state": {"type": "CANCELLING"}}
    stack.api.call("POST", f"/flow_runs/{run_id}/set_state", body)
    assert stack.api.wait(run_id).state_name == "Cancelled"
    eventually(lambda: not started(), "processes of a cancelled run are left")
