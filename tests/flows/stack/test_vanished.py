"""Flow runs that are Running without a process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pytest

from flows.stack.api import SlipwayApi
from flows.stack.vanished import GRACE_SECONDS, Vanished

RUNS, WORKERS = "POST /flow_runs/filter", "POST /work_pools/slipway/workers/filter"
STATE = "POST /flow_runs/lost/set_state"


class Fake(Protocol):
    """What these tests use of the fake server."""

    answer: Callable[..., None]
    bodies: Callable[[str], list[dict[str, Any]]]
    client: Callable[..., SlipwayApi]


@pytest.fixture
def running(prefect_api: Fake) -> Fake:
    """Give a server that shows one flow run, ``lost``, as Running."""
    prefect_api.answer(RUNS, (200, [{"id": "lost"}]))
    prefect_api.answer(WORKERS, (200, [{"name": "process@here", "status": "ONLINE"}]))
    prefect_api.answer(STATE, (201, {}))
    return prefect_api


def test_a_run_without_a_process_is_marked_after_a_while(running: Fake, tmp_path: Path) -> None:
    """It would run for ever; at once, its worker could not say itself how it ended."""
    with running.client() as api:
        look = Vanished(api, "slipway", tmp_path, "process@here")
        assert look(now=100) == []
        assert look(now=99 + GRACE_SECONDS) == []
        assert look(now=100 + GRACE_SECONDS) == [
            "flow run lost has no process any more; marked as crashed"
        ]
    [sent] = running.bodies(STATE)
    assert (sent["state"]["type"], sent["force"]) == ("CRASHED", True)


def test_one_that_ends_meanwhile_is_forgotten(running: Fake, tmp_path: Path) -> None:
    """A flow run that is retried an hour later would be marked at once."""
    nothing: list[dict[str, Any]] = []
    running.answer(RUNS, (200, [{"id": "lost"}]), (200, nothing), (200, [{"id": "lost"}]))
    with running.client() as api:
        look = Vanished(api, "slipway", tmp_path, "process@here")
        assert [look(now=100 + wait * GRACE_SECONDS) for wait in range(3)] == [[], [], []]


def test_runs_of_another_machine_are_left_alone(running: Fake, tmp_path: Path) -> None:
    """What runs elsewhere has no process here, and would be marked while it works."""
    running.answer(WORKERS, (200, [{"name": "process@there", "status": "ONLINE"}]))
    with running.client() as api:
        look = Vanished(api, "slipway", tmp_path, "process@here")
        assert [look(now=100 + wait * GRACE_SECONDS) for wait in range(3)] == [[], [], []]


@pytest.mark.integration
def test_a_run_with_a_process_is_left_alone(running: Fake, tmp_path: Path) -> None:
    """Every flow run would be marked after some seconds."""
    variables = {"SLIPWAY_HOME": str(tmp_path), "PREFECT__FLOW_RUN_ID": "lost"}
    argv = [sys.executable, "-c", "import time; time.sleep(600)", "prefect.engine"]
    with subprocess.Popen(argv, env={**os.environ, **variables}) as process:
        with running.client() as api:
            look = Vanished(api, "slipway", tmp_path, "process@here")
            assert [look(now=100 + wait * GRACE_SECONDS) for wait in range(3)] == [[], [], []]
        process.kill()
