"""Tests of a whole `ship`, read back over the API."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from stack.api import Json
from stack.flow_run import FlowRun
from tasks.artifact import MAX_DESCRIPTION
from tests.integration.conftest import Stack
from tests.integration.observation import answer, artifacts, ended_task_runs, states
from tests.integration.tiny_project import configuration, write_version

pytestmark = [pytest.mark.integration, pytest.mark.prefect]

NAME = "shipped"
# The first attempt of each version fails.
ONCE = "v=$(cat VERSION); echo $v >> {0}/tries; [ -e {0}/$v ] || {{ touch {0}/$v; exit 3; }}"
TASKS = (
    f"build {NAME}",
    f"revive {NAME} in {NAME}",
    "split checks",
    "distribute checks",
    "allocate checks",
    "once",
    "then",
    f"backup {NAME} in {NAME}",
    f"deploy {NAME} to {NAME}",
)


@dataclass(frozen=True)
class Shipped:
    """The second of two versions that were shipped, as the API shows it."""

    stack: Stack
    folder: Path
    run: FlowRun
    artifacts: Mapping[str, Json]
    tasks: Mapping[str, Json]

    @property
    def summary(self) -> str:
        """The closing report."""
        return str(self.artifacts["ship"]["data"])

    def fact(self, name: str) -> str:
        """Return a value of the closing report."""
        [line] = [each for each in self.summary.splitlines() if each.startswith(f"| {name} |")]
        return line.split("|")[2].strip(" `<>")


@pytest.fixture(scope="module")
def shipped(stack: Stack) -> Shipped:
    """Ship two versions of a project whose workload has a step that fails at first."""
    folder = stack.folder / NAME
    tries = folder / "tries"
    for version in ("1", "2"):
        write_version(folder / "sources", version)
    tries.mkdir()
    steps = [
        {"id": "once", "run": ONCE.format(tries), "retries": 1, "retry_delay_seconds": 0.1},
        {"id": "then", "run": "true", "needs": ["once"], "when": "steps.once.succeeded"},
    ]
    document = configuration(NAME, folder / "sources")
    document["projects"][NAME]["workloads"] = {"checks": {"kind": "steps", "steps": steps}}
    stack.configure(NAME, document)
    parameters = {"project": NAME, "environment": NAME, "workload": "checks"}
    stack.done("ship", **parameters, version="1")
    run = stack.done("ship", **parameters, version="2")
    tasks = ended_task_runs(stack, run.id, TASKS)
    return Shipped(stack, folder, run, artifacts(stack, run.id), tasks)


def test_the_new_version_answers_where_the_summary_says(shipped: Shipped) -> None:
    """Shipping would end well, and the old version or none be what users meet."""
    url = shipped.fact("URL")
    assert answer(url) == "2"
    assert int(answer(f"{url}visits")) >= 1
    assert url in shipped.run.message


def test_a_launch_that_has_nothing_to_do_says_where_it_answers(shipped: Shipped) -> None:
    """Whoever launches what runs already would have to look for its address."""
    again = shipped.stack.done("launch", project=NAME, environment=NAME)
    assert "0 started" in again.message
    assert shipped.fact("URL").rstrip("/") in again.message


def test_a_ship_is_found_by_its_name_and_tags(shipped: Shipped) -> None:
    """The list of flow runs would not say what was shipped, or not show it under its filter."""
    assert shipped.run.name == f"ship {NAME} 2 to {NAME}"
    flow_run = shipped.stack.api.call("GET", f"/flow_runs/{shipped.run.id}")
    assert {"slipway", "ship"} <= set(flow_run["tags"])


def test_every_capability_is_a_task_run_that_completed(shipped: Shipped) -> None:
    """The graph of a run would not show where it is, or what failed."""
    task_runs = shipped.stack.api.task_runs(shipped.run.id)
    assert sorted(each["name"] for each in task_runs) == sorted(TASKS)
    assert {each["state_type"] for each in task_runs} == {"COMPLETED"}


def test_its_artifacts_say_what_they_are_about(shipped: Shipped) -> None:
    """The page of a key would mix the artifacts of all projects, in rows of several lines."""
    of_workload = "split plan plan-chart allocation workload actual-chart"
    of_place = "ship backup rollout"
    expected = {
        *(f"{kind}-{NAME}-checks" for kind in of_workload.split()),
        *(f"{kind}-{NAME}-{NAME}" for kind in of_place.split()),
        f"address-{NAME}-{NAME}-web",
    }
    assert expected <= shipped.artifacts.keys()
    for key in expected:
        description = shipped.artifacts[key]["description"]
        assert description
        assert "\n" not in description
        assert len(description) <= MAX_DESCRIPTION


def test_a_retry_is_seen_and_placed_anew(shipped: Shipped) -> None:
    """A step that fails would not be tried again, or again where it has just failed."""
    once = shipped.tasks["once"]
    assert once["run_count"] == 2
    gone_through = states(shipped.stack, once)
    assert gone_through[-3:] == ["AwaitingRetry", "Retrying", "Completed"]
    assert (shipped.folder / "tries" / "tries").read_text().split() == ["1", "1", "2", "2"]
    plan = json.loads(shipped.artifacts["plan"]["data"])
    planned = {row["step"]: row["provider"] for row in plan}
    [line] = [each for each in shipped.summary.splitlines() if each.startswith("| once |")]
    _, _, provider, _, _, attempts, outcome, _ = (each.strip() for each in line.split("|"))
    assert (attempts, outcome) == ("2", "succeeded")
    assert provider != planned["once"]


def test_plan_and_outcome_are_shown(shipped: Shipped) -> None:
    """Nobody could see what was planned, or compare it with what came of it."""
    rows = json.loads(shipped.artifacts["plan"]["data"])
    assert [row["step"] for row in rows] == ["once", "then"]
    for chart in ("plan-chart", "actual-chart"):
        _, _, data = shipped.artifacts[chart]["data"].partition("(data:image/png;base64,")
        assert base64.b64decode(data.partition(")")[0]).startswith(b"\x89PNG")
    for part in ("build", "launch", "split, distribute, allocate, run", "backup", "deploy"):
        assert f"| {part} |" in shipped.summary
    assert shipped.fact("Replaced version") == "1"
    lines = [line for line in shipped.stack.log_lines(shipped.run) if "were off by" in line]
    assert lines[0].startswith("Estimates (history)")


def test_the_snapshot_of_the_summary_is_in_the_repository(shipped: Shipped) -> None:
    """The summary would name a backup that does not exist."""
    location = shipped.folder / "sources" / "backups"
    listed = subprocess.run(
        ["restic", "--repo", str(location), "snapshots", "--json", shipped.fact("Snapshot")],
        env={**os.environ, "RESTIC_PASSWORD": "tiny"},
        capture_output=True,
        check=True,
    )
    [task_runs] = json.loads(listed.stdout)
    assert task_runs["id"].startswith(shipped.fact("Snapshot"))


def test_the_release_of_the_summary_is_what_was_built(shipped: Shipped) -> None:
    """The summary would name another release than the one that serves."""
    [built] = [line for line in shipped.stack.log_lines(shipped.run) if f"{NAME} 2 is at" in line]
    path = Path(built.split(" is at ")[1])
    assert path.name == shipped.fact("Release")
    assert (path / "source" / "VERSION").read_text() == "2"
