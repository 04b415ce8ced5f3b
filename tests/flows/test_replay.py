"""Tests of the flow `replay`, and of the workloads that it can replay."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from blocks.project_spec import ProjectSpec
from blocks.providers.interface import End, Outcome, Resources
from blocks.workload_spec import StepsWorkload
from flows import replay
from flows.workload.replayable import replayable_workloads
from tasks.distribute.dispatch.decision_log import decisions_of
from tasks.distribute.planned import PlannedWorkload
from tasks.estimates import Estimate
from tasks.ledger.connection import Ledger
from tasks.ledger.decisions import record_decisions, settle_decisions
from tasks.ledger.executions import Execution
from tasks.ledger.plans import record_plan
from tasks.ledger.providers import fleet, register_provider
from tasks.ledger.workloads import close_workload, open_workload
from tasks.planning.planner import plan
from tasks.planning.regret import AS_DECIDED
from tasks.settings import settings
from tasks.split.record import keep_graph
from tasks.workload import SplitDecision, Step, StepGraph
from tests.tasks.ledger.attempts import begin_execution, finish_execution

ROOM = Resources(cpus=1, slots=1)
STEPS = tuple(Step(name, ("true",), Path("/"), f"shop/ci/{name}") for name in ("a", "b"))
GRAPH = StepGraph("shop", "ci", STEPS, SplitDecision(2, "as declared"))


def _register(ledger: Ledger, *names: str) -> None:
    for name, speed in zip(names, (1.0, 2.0), strict=False):
        register_provider(ledger, name, "shell", ROOM, speed, 0.0, 0.0)


def _ran(ledger: Ledger, root: Path, at: float, seconds: float, *, end: str = "succeeded") -> str:
    """Leave what a workload leaves that ran at ``at``, each step for ``seconds`` seconds on `fast`."""
    lease = open_workload(ledger, "shop/ci/dev/d1/x", "me", at, 1e9, lambda _owner: False)
    keep_graph(root / "steps" / lease.id / "graph.json", GRAPH, {})
    estimates = {s.history_key: Estimate(s.history_key, 8.0, 9.0, source="history") for s in STEPS}
    machines = fleet(ledger, ["slow", "fast"], at)
    planned = plan(GRAPH, estimates, machines, budget_seconds=0.0)
    record_plan(ledger, lease.id, planned, at)
    record_decisions(
        ledger,
        lease.id,
        decisions_of(lease.id, PlannedWorkload(GRAPH, estimates, machines, planned), at),
    )
    outcome = Outcome(end=End.SUCCEEDED, started_at=at, ended_at=at + seconds, peak_memory_mib=50.0)
    for step in STEPS:
        begun = Execution(
            lease.id, step.id, 1, lease.fence, "fast", "shell", step.history_key, root, at, ROOM
        )
        begin_execution(ledger, begun)
        finish_execution(ledger, lease.id, step.id, 1, lease.fence, outcome, 0.0, speed=2.0)
    settle_decisions(ledger, lease.id, {("", "plan"): 2 * seconds})
    close_workload(ledger, lease.id, lease.fence, end, at + seconds)
    return lease.id


@pytest.fixture
def shop(ledger: Ledger) -> Ledger:
    """Give a ledger with two providers."""
    _register(ledger, "slow", "fast")
    return ledger


def test_only_what_was_known_before_is_planned_with(shop: Ledger, tmp_path: Path) -> None:
    """A policy would be judged with the answers in its hand."""
    first, second = _ran(shop, tmp_path, 100.0, 4.0), _ran(shop, tmp_path, 200.0, 6.0)
    pasts, reasons = replayable_workloads(shop, tmp_path, "shop/ci", 20, 1e6)
    assert ([past.id for past in pasts], dict(reasons)) == ([second, first], {})
    new, old = pasts
    assert (new.seconds, new.took_seconds) == ({"a": 12.0, "b": 12.0}, 12.0)
    assert new.models["last run"]["a"].p50_seconds == 8.0
    assert old.models["last run"] == old.models["median of 20"] == {}
    assert new.models[AS_DECIDED]["a"].p50_seconds == pytest.approx(8.0)
    assert [past.id for past in replayable_workloads(shop, tmp_path, "shop", 1, 1e6)[0]] == [second]
    assert replayable_workloads(shop, tmp_path, "sho", 20, 1e6)[0] == []


def test_what_cannot_be_replayed_is_counted_with_its_reason(shop: Ledger, tmp_path: Path) -> None:
    """A user would wonder where half of the runs are."""
    _ran(shop, tmp_path, 100.0, 4.0, end="failed")
    forgotten = _ran(shop, tmp_path, 200.0, 4.0)
    (tmp_path / "steps" / forgotten / "graph.json").unlink()
    grew = _ran(shop, tmp_path, 300.0, 4.0)
    growing = replace(GRAPH, steps=(replace(STEPS[0], foreach="[1]"), STEPS[1]))
    keep_graph(tmp_path / "steps" / grew / "graph.json", growing, {})
    pasts, reasons = replayable_workloads(shop, tmp_path, "shop", 20, 1e6)
    assert pasts == []
    assert dict(reasons) == {
        "have not succeeded": 1,
        "have no kept graph or plan": 1,
        "added steps while they ran": 1,
    }


@pytest.fixture
def _project(monkeypatch: pytest.MonkeyPatch) -> None:
    async def load(name: str) -> ProjectSpec:
        ci = StepsWorkload.model_validate({"steps": [{"id": "a", "run": "true"}]})
        return ProjectSpec(source="/src", workloads={"ci": ci})

    monkeypatch.setattr(replay, "load_project", load)


@pytest.mark.prefect
@pytest.mark.usefixtures("prefect_server", "_project")
async def test_the_flow_answers_with_a_row_a_policy(home_ledger: Ledger) -> None:
    """Who asks over the API would get a completed run and no answer."""
    empty: Any = await replay.replay_flow("shop", return_state=True)
    assert empty.message == "There is nothing to replay: no workload has run yet"
    unknown: Any = await replay.replay_flow("shop", "cy", return_state=True)
    assert unknown.is_failed()
    _register(home_ledger, "slow", "fast")
    _ran(home_ledger, settings().root, 100.0, 4.0)
    state: Any = await replay.replay_flow("shop", "ci", return_state=True)
    rows = await state.result()
    assert rows[0]["regret (%)"] == 0
    assert {row["estimates"] for row in rows} >= {AS_DECIDED, "default", "last run"}
    assert "1 workload planned as decided" in state.message
