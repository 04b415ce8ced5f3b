"""Tests of flow runs that are Running or Pending without a process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import pytest

from stack.api import SlipwayApi
from stack.runs.flow_process import ENGINE
from stack.runs.vanished import (
    BEGIN_SECONDS,
    GRACE_SECONDS,
    MAX_STARTS,
    VanishedRuns,
    times_begun_again,
)

RUNS = "POST /flow_runs/filter"
WORKERS = "POST /work_pools/slipway/workers/filter"
STATE = "POST /flow_runs/lost/set_state"
STATES = "GET /flow_run_states/?flow_run_id=lost"


class Fake(Protocol):
    """What these tests use of the fake server."""

    answer: Callable[..., None]
    bodies: Callable[[str], list[dict[str, Any]]]
    client: Callable[..., SlipwayApi]


YOUNG = 53.0
"""The age of a worker that was started in second 50."""
LONG_AGO = "1970-01-01T00:00:10+00:00"
LATELY = "1970-01-01T00:01:30+00:00"


def _run(state_type: str = "RUNNING", timestamp: str = LATELY) -> dict[str, Any]:
    """Return the flow run ``lost`` as the server shows it."""
    return {"id": "lost", "state_type": state_type, "state": {"timestamp": timestamp}}


def _vanished(api: SlipwayApi, home: Path, worker_age: float | None = 1000.0) -> VanishedRuns:
    """Look for what has vanished in second 103, beside a worker that has been there for so long."""
    place = ("slipway", home, "process@here")
    return VanishedRuns(api, *place, lambda: worker_age, clock=lambda: 103.0)


@pytest.fixture
def running(prefect_api: Fake) -> Fake:
    """Give a server that shows one flow run, ``lost``, as Running."""
    prefect_api.answer(RUNS, (200, [_run()]))
    prefect_api.answer(WORKERS, (200, [{"name": "process@here", "status": "ONLINE"}]))
    prefect_api.answer(STATE, (201, {}))
    prefect_api.answer(STATES, (200, []))
    return prefect_api


def test_a_run_without_a_process_is_marked_after_a_while(running: Fake, tmp_path: Path) -> None:
    """It would run for ever; at once, its worker could not say itself how it ended."""
    with running.client() as api:
        look = _vanished(api, tmp_path)
        assert look(now=100) == []
        assert look(now=99 + GRACE_SECONDS) == []
        assert look(now=100 + GRACE_SECONDS) == [
            "flow run lost has no process any more; marked as crashed"
        ]
    [sent] = running.bodies(STATE)
    assert (sent["state"]["type"], sent["force"]) == ("CRASHED", True)


@pytest.mark.parametrize("worker_age", [None, YOUNG])
def test_one_whose_worker_is_gone_is_marked_at_the_second_look(
    running: Fake, tmp_path: Path, worker_age: float | None
) -> None:
    """It would be waited for a report that nobody is left to make."""
    running.answer(RUNS, (200, [_run(timestamp=LONG_AGO)]))
    with running.client() as api:
        look = _vanished(api, tmp_path, worker_age)
        assert look(now=100) == []
        assert look(now=103) == ["flow run lost has no process any more; marked as crashed"]


def test_one_that_cannot_be_ended_keeps_no_other(running: Fake, tmp_path: Path) -> None:
    """Broken: the first over which the server fails is looked at again and again, and no other."""
    refused_run = {**_run(timestamp=LONG_AGO), "id": "held"}
    running.answer(RUNS, (200, [refused_run, _run(timestamp=LONG_AGO)]))
    running.answer("POST /flow_runs/held/set_state", (500, {}))
    with running.client() as api:
        look = _vanished(api, tmp_path, YOUNG)
        look(now=100)
        sentences = look(now=103)
    assert sentences[0].startswith("flow run held cannot be ended or made due again: ")
    assert sentences[1] == "flow run lost has no process any more; marked as crashed"


def _state(second: int, state_type: str, message: str = "") -> dict[str, Any]:
    """Return a state that the flow run took in that second of 1970."""
    at = datetime.fromtimestamp(second, UTC).isoformat()
    return {"type": state_type, "timestamp": at, "message": message}


def test_one_that_never_began_is_due_again(running: Fake, tmp_path: Path) -> None:
    """It would hold a place of its queue for ever: four of them end all backups.

    One that its worker dies over each time would kill workers for ever, the more so where it takes
    the reconciler along: each look is another one's.
    """
    running.answer(RUNS, (200, [_run("PENDING", LONG_AGO)]))
    sentences = []
    asked_at = datetime.now(UTC)
    with running.client() as api:
        for _ in range(MAX_STARTS + 1):
            sent = [body["state"] for body in running.bodies(STATE)]
            states = [_state(at, state["type"], state["message"]) for at, state in enumerate(sent)]
            running.answer(STATES, (200, states))
            look = _vanished(api, tmp_path, YOUNG)
            sentences += [*look(now=100), *look(now=103)]
    again = "flow run lost was taken by a worker and never began; it is due again"
    assert sentences == [again] * MAX_STARTS + [
        "flow run lost has no process any more; marked as crashed"
    ]
    first, *_, last = [body["state"] for body in running.bodies(STATE)]
    assert first["type"] == "SCHEDULED"
    due = datetime.fromisoformat(first["state_details"]["scheduled_time"])
    assert asked_at <= due <= datetime.now(UTC)
    assert last["type"] == "CRASHED"


def test_only_what_came_after_the_last_run_counts() -> None:
    """One that a user starts again after it was given up would be given up at once."""
    again = "A worker had taken it, and never began it."
    states = [_state(1, "SCHEDULED", again), _state(2, "CRASHED"), _state(4, "SCHEDULED", again)]
    assert times_begun_again(states) == 1
    assert times_begun_again([*states, _state(3, "SCHEDULED", again)]) == 2
    assert times_begun_again([*states, _state(5, "RUNNING")]) == 0


def test_what_was_taken_while_its_worker_died_is_not_the_next_ones(
    running: Fake, tmp_path: Path
) -> None:
    """The server writes a state down a moment after it was asked to: by then there is another."""
    running.answer(RUNS, (200, [_run("PENDING", "1970-01-01T00:00:51+00:00")]))
    with running.client() as api:
        look = _vanished(api, tmp_path, YOUNG)
        assert [len(look(now=100)), len(look(now=103))] == [0, 1]


def test_what_has_been_missing_for_longer_than_its_worker_is_there_is_not_waited_for(
    running: Fake, tmp_path: Path
) -> None:
    """Broken: after a clock was set back, what a dead worker had taken is waited for."""
    running.answer(RUNS, (200, [_run("PENDING", "1970-01-01T01:00:00+00:00")]))
    with running.client() as api:
        look = _vanished(api, tmp_path, worker_age=5.0)
        assert [len(look(now=100)), len(look(now=103)), len(look(now=106))] == [0, 0, 1]


def test_one_that_a_living_worker_begins_is_waited_for(running: Fake, tmp_path: Path) -> None:
    """A busy machine would start every flow run twice."""
    running.answer(RUNS, (200, [_run("PENDING")]))
    with running.client() as api:
        look = _vanished(api, tmp_path)
        assert [look(now=100), look(now=99 + BEGIN_SECONDS)] == [[], []]
        assert len(look(now=100 + BEGIN_SECONDS)) == 1


def test_one_that_ends_meanwhile_is_forgotten(running: Fake, tmp_path: Path) -> None:
    """A flow run that is retried an hour later would be marked at once."""
    nothing: list[dict[str, Any]] = []
    running.answer(RUNS, (200, [_run()]), (200, nothing), (200, [_run()]))
    with running.client() as api:
        look = _vanished(api, tmp_path)
        assert [look(now=100 + wait * GRACE_SECONDS) for wait in range(3)] == [[], [], []]


def test_runs_of_another_machine_are_left_alone(running: Fake, tmp_path: Path) -> None:
    """What runs elsewhere has no process here, and would be marked while it works."""
    running.answer(WORKERS, (200, [{"name": "process@there", "status": "ONLINE"}]))
    with running.client() as api:
        look = _vanished(api, tmp_path)
        assert [look(now=100 + wait * GRACE_SECONDS) for wait in range(3)] == [[], [], []]


@pytest.mark.integration
@pytest.mark.parametrize("engine", [ENGINE, "prefect.engine"])
def test_a_run_with_a_process_is_left_alone(engine: str, running: Fake, tmp_path: Path) -> None:
    """Every flow run would be marked after some seconds; or, at an update, what an earlier version began."""
    variables = {"SLIPWAY_HOME": str(tmp_path), "PREFECT__FLOW_RUN_ID": "lost"}
    argv = [sys.executable, "-c", "import time; time.sleep(600)", engine]
    with subprocess.Popen(argv, env={**os.environ, **variables}) as process:
        with running.client() as api:
            look = _vanished(api, tmp_path)
            assert [look(now=100 + wait * GRACE_SECONDS) for wait in range(3)] == [[], [], []]
        process.kill()
