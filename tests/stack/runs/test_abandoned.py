"""Tests of flow runs that an earlier stack left behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from stack.api import SlipwayApi
from stack.runs.abandoned import abandoned, crash_abandoned


class Fake(Protocol):
    """What these tests use of the fake server."""

    answer: Callable[..., None]
    bodies: Callable[[str], list[dict[str, Any]]]
    client: Callable[..., SlipwayApi]


def run(name: str, stamp: str) -> dict[str, Any]:
    """Return a flow run that took its state at ``stamp``."""
    return {"id": name, "state": {"timestamp": stamp}}


OLD = run("old", "1970-01-01T00:01:00Z")
NEW = run("new", "1970-01-01T00:03:00Z")
WORKERS = "POST /work_pools/slipway/workers/filter"


def test_only_what_is_older_than_the_stack() -> None:
    """A run that the new worker has just begun would be called crashed."""
    assert abandoned([OLD, NEW], since=120.0) == ["old"]


def test_an_abandoned_run_is_crashed(prefect_api: Fake) -> None:
    """It would be shown as running for ever."""
    prefect_api.answer(WORKERS, (200, [{"name": "process@here", "status": "ONLINE"}]))
    prefect_api.answer("POST /flow_runs/filter", (200, [OLD, NEW]))
    prefect_api.answer("POST /flow_runs/old/set_state", (201, {}))
    with prefect_api.client() as api:
        assert crash_abandoned(api, "slipway", "process@here", since=120.0) == 1
    [sent] = prefect_api.bodies("POST /flow_runs/old/set_state")
    assert (sent["state"]["type"], sent["force"]) == ("CRASHED", True)


def test_runs_of_another_machine_are_left_alone(prefect_api: Fake) -> None:
    """Starting one machine would crash what runs on another."""
    prefect_api.answer(WORKERS, (200, [{"name": "process@there", "status": "ONLINE"}]))
    with prefect_api.client() as api:
        assert crash_abandoned(api, "slipway", "process@here", since=120.0) == 0
