"""Tests of training on a server with hundreds of flow runs, none of which are Slipway's."""

from __future__ import annotations

import json
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from stack.api import Json
from stack.flow_run import FlowRun
from tasks.ledger.connection import Ledger, open_ledger
from tasks.ledger.forecasts import forecasts
from tasks.ledger.insights import open_insights
from tasks.ledger.models import models
from tests.integration.conftest import Stack
from tests.integration.observation import artifacts

pytestmark = [pytest.mark.integration, pytest.mark.prefect]

HOUR = 3600.0
DAYS = 10


@dataclass(frozen=True)
class Past:
    """A flow run as somebody else's worker left it; ``ago`` in seconds, ``waited`` until it began."""

    flow: str
    state: str
    ago: float
    took: float
    waited: float = 0.0
    attempts: int = 1
    size: int = 1


def _history() -> Iterator[Past]:
    """Yield ten days: what is steady, noisy, flaky, slower since yesterday, stopped and lost."""
    chance = random.Random(7)
    for hour in range(24 * DAYS):
        ago = (24 * DAYS - hour) * HOUR
        if hour % 24 in range(8, 18):
            yield Past("sync orders", "COMPLETED", ago, 60.0 * chance.lognormvariate(0, 0.03), 20.0)
        if hour % 6 == 0:
            yield Past("import", "COMPLETED", ago, 300.0 * chance.lognormvariate(0, 0.5), size=hour)
            failed = chance.random() < 0.4
            yield Past("flaky", "FAILED" if failed else "COMPLETED", ago, 5.0 if failed else 30.0)
        if hour % 12 == 0:
            late = hour >= 24 * (DAYS - 3)
            yield Past("nightly report", "COMPLETED", ago, 250.0 if late else 100.0)
    for turn in range(4):
        yield Past("stopped by hand", "CANCELLED", turn * 9 * HOUR + 60, 7.0)
        yield Past("worker lost", "CRASHED", turn * 9 * HOUR + 60, 7.0)
        yield Past("sync orders", "COMPLETED", turn * 9 * HOUR + 60, 190.0, attempts=3)
    yield Past("goes on", "RUNNING", HOUR, 0.0)


@pytest.fixture(scope="module")
def history(stack: Stack) -> list[Past]:
    """Enter the runs over the API; the server dates them now, so its database moves them back."""
    past_runs = list(_history())
    ids = {name: _flow(stack, name) for name in {past.flow for past in past_runs}}
    entered = [(_enter(stack, ids[past.flow], past), past) for past in past_runs]
    with closing(sqlite3.connect(_database(stack), timeout=60)) as database, database:
        database.executemany(
            "UPDATE flow_run SET expected_start_time = ?, start_time = ?, end_time = ?, "
            "total_run_time = ?, run_count = ? WHERE id = ?",
            [_moved(id_, past, time.time()) for id_, past in entered],
        )
    return past_runs


def _flow(stack: Stack, name: str) -> str:
    return str(stack.api.call("POST", "/flows/", {"name": name})["id"])


def _enter(stack: Stack, flow: str, past: Past) -> str:
    body = {"flow_id": flow, "parameters": {"size": past.size}, "state": {"type": "PENDING"}}
    id_ = str(stack.api.call("POST", "/flow_runs/", body)["id"])
    for state in dict.fromkeys(("RUNNING", past.state)):
        request = {"state": {"type": state}, "force": True}
        stack.api.call("POST", f"/flow_runs/{id_}/set_state", request)
    return id_


def _moved(id_: str, past: Past, now: float) -> tuple[str | int | None, ...]:
    started = now - past.ago
    ended = None if past.state == "RUNNING" else _written(started + past.took)
    return (
        _written(started - past.waited), _written(started), ended, _written(past.took),
        past.attempts, id_,
    )  # fmt: skip


def _written(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S.%f}"


def _database(stack: Stack) -> Path:
    (database,) = stack.config.root.rglob("prefect.db")
    return database


@pytest.fixture(scope="module")
def trained(stack: Stack, history: list[Past]) -> FlowRun:
    """Have the operation learn from all of them."""
    assert len(history) > 200
    return stack.done("train", timeout=600)


@pytest.fixture(scope="module")
def trained_ledger(stack: Stack, trained: FlowRun) -> Iterator[Ledger]:
    """Give the ledger as training left it."""
    opened = open_ledger(stack.config.resolved_ledger_url())
    yield opened
    opened.close()


def _estimate(stack: Stack, key: str) -> Json:
    run = stack.done_here("estimate", key=key)
    rows: list[Json] = json.loads(artifacts(stack, run.id)["estimate"]["data"])
    (row,) = (each for each in rows if each["key"] == key)
    return row


def _started(stack: Stack, kind: str) -> int:
    """Return how many flow or task runs of the server have started."""
    started = {f"{kind}_runs": {"start_time": {"is_null_": False}}}
    return int(stack.api.call("POST", f"/{kind}_runs/count", started))


def test_each_flow_has_an_estimate(stack: Stack, trained: FlowRun) -> None:
    """Whoever points Slipway at a server in use would learn nothing of it."""
    steady = _estimate(stack, "flow/sync orders")
    assert steady["source"] == "trained"
    assert steady["p50 (s)"] == pytest.approx(60.0, rel=0.1)
    assert steady["p90 (s)"] < 100.0
    flaky = _estimate(stack, "flow/flaky")
    assert flaky["p50 (s)"] == pytest.approx(30.0, rel=0.1)
    assert 40.0 <= flaky["succeeds (%)"] <= 80.0


@pytest.mark.parametrize("flow", ["stopped by hand", "worker lost", "goes on"])
def test_what_was_stopped_or_lost_teaches_no_duration(
    flow: str, stack: Stack, trained: FlowRun
) -> None:
    """A run that was cancelled after seconds would be what to expect."""
    assert stack.run_here("estimate", key=f"flow/{flow}").state_type == "FAILED"


def test_what_has_become_slower_is_told(
    trained_ledger: Ledger, stack: Stack, trained: FlowRun
) -> None:
    """A report that takes twice as long since two days would be noticed by nobody."""
    insights = {
        forecast.key: forecast
        for forecast in open_insights(trained_ledger)
        if forecast.kind == "regression"
    }
    assert insights["flow/nightly report"].severity == "critical"
    report = artifacts(stack, trained.id)["training-report"]["data"]
    assert "| **critical** | regression | `flow/nightly report` | takes 2.5 times" in report


def test_the_demand_of_the_next_week_is_there(
    trained_ledger: Ledger, stack: Stack, history: list[Past], trained: FlowRun
) -> None:
    """Nobody could plan for what the server will be asked for."""
    hours = forecasts(trained_ledger, "runs")
    assert len(hours) == 7 * 24
    assert all(0 <= forecast.low <= forecast.median <= forecast.high for forecast in hours)
    # No day is foreseen to be busier than the busiest so far, with all that the tests have run. The
    # mean is: how far the forecasts of past days were too low is added to it.
    busiest = max(Counter(past.ago // (24 * HOUR) for past in history).values())
    own = _started(stack, "flow") - len(history)
    assert 5 < sum(forecast.median for forecast in hours[:24]) <= busiest + own
    assert (
        artifacts(stack, trained.id)["demand"]["data"].count("](data:image/png;base64,iVBOR") == 1
    )


def test_the_model_is_kept_with_its_scores(trained_ledger: Ledger, stack: Stack) -> None:
    """Nobody could say where an estimate comes from."""
    model = models(trained_ledger, "durations")[0]
    assert model.runs > 200
    assert 0.5 < model.scores["min_max_ratio"] <= 1.0
    assert list((stack.config.root / "models").glob("durations-*.npz"))


def test_a_second_training_reads_only_what_is_new(
    stack: Stack, history: list[Past], trained: FlowRun
) -> None:
    """The whole history would go over the wire every hour."""
    again = stack.done("train", only_if_due=True)
    assert again.message == "Training is not due: nothing was published"
    (first_line,) = (line for line in stack.log_lines(trained) if line.startswith("Read "))
    (second_line,) = (line for line in stack.log_lines(again) if line.startswith("Read "))
    assert int(first_line.split()[1]) > 200
    # What has ended in the last minutes is read again, so that nothing is missed.
    all_started = _started(stack, "flow") + _started(stack, "task")
    assert int(second_line.split()[1]) <= all_started - sum(past.ago > HOUR for past in history)
