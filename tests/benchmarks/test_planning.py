"""The benchmark of planning: it reads its families and reports what it measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import planning
from benchmarks.instances.fleets import Workflow, on_fleet, replayed, thread_pool
from benchmarks.instances.interface import PLANNED, Case, Outcome
from tasks.planning.construct import construct
from tasks.planning.core.schedule import faults

# Four tasks of 2, 3, 3 and 2 seconds, the last after the first, between two dummies.
STG = """4
0 0 0
1 2 1 0
2 3 1 0
3 3 1 0
4 2 1 1
5 0 3 2 3 4
# a comment
"""


def report(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """The JSON object on the last line of what the benchmark prints."""
    planning.main([*arguments, "--json"])
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return found


def test_graphs_are_measured_against_their_optimum(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A gap would be over something else than the best that is known."""
    (tmp_path / "50").mkdir()
    (tmp_path / "50" / "rand0000.stg").write_text(STG)
    (tmp_path / "Case50_2_OPT.csv").write_text("50/rand0000.stg,2,5,6\n")
    command = "python -m benchmarks.planning --instances DIR"
    arguments = command.replace("DIR", str(tmp_path)).split()[3:]
    found = report(capsys, *arguments, "--providers", "2,4")
    assert (found["family"], found["instances"]) == ("stg", 2)
    assert found["groups"]["2 providers"]["mean_gap_percent"] == pytest.approx(-100 / 6, abs=0.01)
    assert found["groups"]["4 providers"]["mean_gap_percent"] == 0
    assert set(found["baselines"]) == {"thread pool", "greedy", "downstream", "heft"}
    assert found["bars"]["mean_gap_percent"] == {"value": -8.333, "limit": 0.5, "met": True}
    assert found["bars"]["worse_than_greedy"]["met"]


@pytest.mark.slow
def test_traces_are_measured_with_noise_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A trace would not be recognised, or noise would be known to the planner."""
    tasks = [{"id": str(n), "parents": ["0"] if n else []} for n in range(6)]
    done = [{"id": str(n), "command": {"program": "x"}, "runtimeInSeconds": 9} for n in range(6)]
    workflow = {"specification": {"tasks": tasks}, "execution": {"tasks": done}}
    trace = tmp_path / "trace.json"
    trace.write_text(json.dumps({"schemaVersion": "1.5", "workflow": workflow}))
    arguments = ("--instances", str(tmp_path), "--providers", "het8", "--time-limit", "0.1")
    assert report(capsys, *arguments)["mean_gap_percent"] >= 0
    noisy = report(capsys, *arguments, "--noise", "0.3")
    assert noisy["mean_gap_percent"] >= 0
    assert "rigid plan" in noisy["baselines"]


def test_a_folder_of_nothing_names_the_families(tmp_path: Path) -> None:
    """A wrong path would be measured as if it were perfect."""
    with pytest.raises(SystemExit, match=r"choose one of .*stg, wfformat"):
        planning.main(["--instances", str(tmp_path)])


@pytest.mark.integration
def test_scale_times_first_plans(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody would notice that planning had become slow."""
    found = report(capsys, "--scale", "500")
    assert found["500 lanes"]["gap_percent"] >= 0
    assert set(found["bars"]) == {"small_plan_seconds", "dry_run_1000_seconds"}
    assert found["dry_run_1000"]["explanation_seconds"] > 0


def test_a_plan_that_greedy_beats_is_counted() -> None:
    """The bar would be met by a planner that is worse than none."""
    case = Case("a", "8 providers", 10.0, {})
    results = [
        planning.Result(case, PLANNED, Outcome(12.0), 1.0),
        planning.Result(case, "greedy", Outcome(11.0), 1.0),
        planning.Result(case, "heft", Outcome(10.0), 1.0),
    ]
    assert planning.worse_than_greedy(results) == 1
    assert not planning.bars("wfformat", 0.0, results)["worse_than_greedy"].met
    assert not planning.bars("wfformat", 0.0, results)["8 providers: mean_gap_percent"].met
    results[1] = planning.Result(case, "greedy", Outcome(12.0), 1.0)
    assert planning.worse_than_greedy(results) == 0


def test_the_thread_pool_blocks() -> None:
    """The baseline would be a better executor than it is."""
    # The second waits for the first in a thread of its own, so that the third waits too.
    problem = on_fleet(Workflow("w", [[], [0], []], [4, 1, 2]), "2")
    assert thread_pool(problem).start.tolist() == [0, 4, 4]
    assert faults(problem, thread_pool(problem)) == []


def test_a_rigid_plan_keeps_places_and_order() -> None:
    """A rigid plan would be repaired on the way."""
    expected = on_fleet(Workflow("w", [[], [], []], [4, 3, 2]), "2")
    actual = on_fleet(Workflow("w", [[], [], []], [1, 3, 2]), "2")
    made = construct(expected)
    done = replayed(actual, made)
    assert done.provider.tolist() == made.provider.tolist()
    assert faults(actual, done) == []
    assert done.makespan == 5
