"""Tests of a workload of declared steps as a flow run: planned, queued, cancelled, killed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from stack.api import Json
from tests.integration.conftest import Stack
from tests.integration.observation import (
    artifacts,
    ended_task_runs,
    engine,
    eventually,
    marked,
    says,
)

pytestmark = [pytest.mark.integration, pytest.mark.prefect]

NAME = "steps"


@dataclass(frozen=True)
class Work:
    """A project without services, whose steps write into ``folder``."""

    stack: Stack
    folder: Path

    def parameters(self, *steps: Json, provider: str = "wide") -> Json:
        """Return what `run` is asked for; a step's command runs in ``folder``."""
        moved = [{**step, "run": f"cd {self.folder}; {step['run']}"} for step in steps]
        return {
            "project": NAME,
            "environment": NAME,
            "workload": {"kind": "steps", "steps": moved},
            "providers": [f"{NAME}-{provider}"],
        }

    def start(self, parameters: Json) -> str:
        """Start `run` and return the id of the flow run."""
        return self.stack.api.trigger("run/run", parameters)

    def written(self, name: str = "log") -> list[str]:
        """Return the lines that steps have written."""
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture(scope="module")
def configured(stack: Stack) -> Stack:
    """Configure a project and two providers, one of them for one step at a time."""
    source = stack.folder / NAME
    source.mkdir()
    (source / "README").write_text("Nothing to serve.\n")
    provider = {"kind": "shell", "memory_mib": 1024}
    stack.configure(
        NAME,
        {
            "projects": {NAME: {"source": str(source), "kind": "procfile"}},
            "environments": {NAME: {}},
            "providers": {
                f"{NAME}-wide": {**provider, "cpus": 4, "slots": 4},
                f"{NAME}-narrow": {**provider, "cpus": 1, "slots": 1},
            },
        },
    )
    return stack


@pytest.fixture
def work(configured: Stack, tmp_path: Path) -> Work:
    """Give the project, and a folder of this test's own."""
    return Work(configured, tmp_path)


def until(name: str) -> str:
    """Return a command that waits for a file."""
    return f"while [ ! -e {name} ]; do sleep 0.05; done"


def test_a_dry_run_shows_its_plan_and_starts_nothing(work: Work) -> None:
    """Who only asks for the plan would have the work done, or see no plan."""
    parameters = work.parameters({"id": "one", "run": "echo one >> log"})
    run = work.stack.done_here("run", **parameters, dry_run=True)
    assert run.name == f"run inline of {NAME}"
    dry_run = artifacts(work.stack, run.id)
    kinds = ("split", "plan", "plan-chart", "strategies", "what-if")
    assert {f"{kind}-{NAME}-inline" for kind in kinds} <= set(dry_run)
    assert dry_run["plan-chart"]["data"].startswith("![Plan of inline](data:image/png;base64,")
    strategies = {row["strategy"] for row in json.loads(dry_run["strategies"]["data"])}
    assert {"planned (chosen)", "least_loaded", "cheapest"} <= strategies
    assert "## What decides the end of inline" in dry_run["what-if"]["data"]
    tasks = ended_task_runs(
        work.stack, run.id, ["split inline", "distribute inline", "explain inline"]
    )
    assert "one" not in tasks
    assert work.written() == []


def test_a_recorded_workflow_is_planned_by_its_record_and_run(work: Work) -> None:
    """What another system has recorded could not be planned here before its first run."""
    commands = {name: {"program": f"cd {work.folder}; echo {name} >> log"} for name in ("a", "b")}
    record = [
        {"id": name, "command": command, "runtimeInSeconds": 40.0}
        for name, command in commands.items()
    ]
    needs = [{"id": "a", "children": ["b"]}, {"id": "b", "parents": ["a"]}]
    workflow = {"specification": {"tasks": needs}, "execution": {"tasks": record}}
    file = work.folder / "workflow.json"
    file.write_text(json.dumps({"schemaVersion": "1.5", "workflow": workflow}))
    parameters = work.parameters() | {"workload": {"kind": "wfformat", "file": str(file)}}
    dry_run = work.stack.done_here("run", **parameters, dry_run=True)
    assert "2 steps in 80.0 s" in says(work.stack, dry_run.id, "to run exactly it")
    assert work.written() == []
    work.stack.done("run", **parameters)
    assert work.written() == ["a", "b"]


def test_a_plan_that_was_shown_is_run_again(work: Work) -> None:
    """The plan that a user chose would be made anew, or run on a workload that it does not fit."""
    steps: list[Json] = [{"id": name, "run": f"echo {name} >> log"} for name in ("one", "two")]
    steps[1]["needs"] = ["one"]
    parameters = work.parameters(*steps)
    dry_run = work.stack.done_here("run", **parameters, dry_run=True, strategy="fastest")
    line = says(work.stack, dry_run.id, "to run exactly it")
    number = line.rpartition("plan = ")[2].strip()
    again = work.stack.done("run", **parameters, plan=number)
    assert work.written() == ["one", "two"]
    summary = artifacts(work.stack, again.id)["plan-chart"]["data"]
    assert f"order and providers are those of plan {number} (fastest)" in summary

    other = work.stack.run_here("run", **work.parameters(steps[0]), plan=number)
    assert not other.succeeded
    assert "plan: does not fit any more: the workload has no two any more" in other.message
    assert work.written() == ["one", "two"]


def test_who_finds_no_place_is_queued_and_told_why(work: Work) -> None:
    """Two steps would run where there is room for one, or one of them wait in silence."""
    run = f"echo + >> log; {until('go')}; echo - >> log"
    first = work.start(work.parameters({"id": "first", "run": run}, provider="narrow"))
    eventually(lambda: work.written() == ["+"], "the first does not start")
    second = work.start(work.parameters({"id": "second", "run": run}, provider="narrow"))
    line = says(work.stack, second, "second is queued")
    assert f"position 1: {NAME}-narrow lacks 1 cpu of 1 and 1 slot of 1: held by" in line
    assert "/first" in line
    assert work.written() == ["+"]
    (work.folder / "go").touch()
    for each in (first, second):
        ended = work.stack.api.wait(each)
        assert ended.succeeded, ended.message
    assert work.written() == ["+", "-", "+", "-"]


def test_a_killed_flow_run_is_resumed_by_the_next(work: Work) -> None:
    """What is finished would be done again, or a second copy started of what still runs."""
    parameters = work.parameters(
        {"id": "quick", "run": "echo quick >> log"},
        {"id": "slow", "run": f"echo slow >> log; {until('go')}", "needs": ["quick"]},
        {"id": "last", "run": "echo last >> log", "needs": ["slow"]},
    )
    killed = work.start(parameters)
    eventually(lambda: work.written() == ["quick", "slow"], "the slow step does not start")
    engine(killed).kill()
    assert work.stack.api.wait(killed).state_type == "CRASHED"

    resumed = work.start(parameters)
    says(work.stack, resumed, "Resuming workload")
    (work.folder / "go").touch()
    ended = work.stack.api.wait(resumed)
    assert ended.succeeded, ended.message
    assert work.written() == ["quick", "slow", "last"]
    summary = artifacts(work.stack, resumed)["workload"]["data"]
    assert "Finished steps of an interrupted run that were kept: 1" in summary


def test_a_list_grows_the_graph_and_a_killed_run_finds_its_items_again(work: Work) -> None:
    """What a step finds could not be worked on in parallel, or a crash would begin it anew."""
    slow = f"echo slow {{item}} >> log; {until('go')}"
    parameters = work.parameters(
        {"id": "wheel", "run": "echo {matrix.os} >> wheels", "matrix": {"os": ["linux", "mac"]}},
        {"id": "list", "run": """echo '["a b", "c"]' > $SLIPWAY_OUTPUT""", "needs": ["wheel"]},
        {"id": "each", "run": f"[ {{item}} = c ] && {{ {slow}; exit; }}; echo {{item}} >> log"},
        {"id": "last", "run": "echo last >> log", "when": "size(steps.each.output) == 2"},
    )
    steps = parameters["workload"]["steps"]
    steps[2].update(needs=["list"], foreach="steps.list.output")
    steps[3].update(needs=["each"])
    killed = work.start(parameters)
    eventually(lambda: sorted(work.written()) == ["a b", "slow c"], "the items do not start")
    eventually(lambda: "each[a-b]" in ended_names(work.stack, killed), "an item does not end")
    engine(killed).kill()
    assert work.stack.api.wait(killed).state_type == "CRASHED"

    resumed = work.start(parameters)
    says(work.stack, resumed, "Resuming workload")
    (work.folder / "go").touch()
    ended = work.stack.api.wait(resumed)
    assert ended.succeeded, ended.message
    *items, last = work.written()  # the items run side by side
    assert (sorted(items), last) == (["a b", "slow c"], "last")
    assert sorted(work.written("wheels")) == ["linux", "mac"]
    summary = artifacts(work.stack, resumed)["workload"]["data"]
    assert "succeeded (2 items)" in summary
    assert "| each[c] |" in summary


def ended_names(stack: Stack, flow_run: str) -> set[str]:
    """Return the names of the task runs that have ended."""
    return {str(each["name"]) for each in stack.api.task_runs(flow_run) if each["end_time"]}


def test_cancelling_ends_the_processes_of_steps(work: Work) -> None:
    """Work that nobody wants any more would go on, or the workload could never run again."""
    endless = "echo long >> log; [ -e again ] || { setsid sleep 600 & sleep 600; }"
    mark = ("STEPS_MARK", str(work.folder))
    parameters = work.parameters(
        {"id": "quick", "run": "echo quick >> log"},
        {"id": "long", "run": endless, "needs": ["quick"], "variables": dict([mark])},
    )
    cancelled = work.start(parameters)
    eventually(lambda: len(marked(*mark)) >= 3, "the long step does not start")
    request = {"state": {"type": "CANCELLING"}}
    work.stack.api.call("POST", f"/flow_runs/{cancelled}/set_state", request)
    assert work.stack.api.wait(cancelled).state_type == "CANCELLED"
    lines = [entry["message"] for entry in work.stack.api.logs(cancelled)]
    assert [line for line in lines if "Crash" in line or "in state Running" in line] == []
    assert marked(*mark) == []

    (work.folder / "again").touch()
    work.stack.done("run", **parameters)
    assert work.written() == ["quick", "long", "long"]
