"""Tests of the client of the Prefect API: retries, errors, and idempotent starts."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any, Protocol

import pytest

from stack.api import ApiError, SlipwayApi
from stack.flow_run import flow_run_of
from tasks.errors import BadInputError, NotFoundError


class Fake(Protocol):
    """What these tests use of the fake server."""

    url: str

    answer: Callable[..., None]
    bodies: Callable[[str], list[dict[str, Any]]]
    client: Callable[..., SlipwayApi]
    requests: list[tuple[str, dict[str, Any], str]]


FOUND = (200, {"id": "d1", "name": "launch"})
DEPLOYMENT = "GET /deployments/name/launch/launch"
CREATE = "POST /deployments/d1/create_flow_run"


def run(state: str, **more: object) -> dict[str, Any]:
    """Return a flow run as the API writes it."""
    return {"id": "r1", "name": "lucky", "state_type": state, "state_name": state.title(), **more}


@pytest.mark.slow
def test_a_503_is_asked_again_under_the_same_key(prefect_api: Fake) -> None:
    """A burst on SQLite would fail the trigger, or the repeat would launch a second time."""
    prefect_api.answer(DEPLOYMENT, FOUND)
    prefect_api.answer(CREATE, (503, {}), (503, {}), (201, {"id": "r1"}))
    with prefect_api.client() as api:
        assert api.trigger("launch/launch", {"project": "web"}) == "r1"
    bodies = prefect_api.bodies(CREATE)
    assert len(bodies) == 3
    assert len({body["idempotency_key"] for body in bodies}) == 1
    assert bodies[0]["parameters"] == {"project": "web"}


def test_two_triggers_have_two_keys(prefect_api: Fake) -> None:
    """The second launch of a day would return the first one's run."""
    prefect_api.answer(DEPLOYMENT, FOUND)
    prefect_api.answer(CREATE, (201, {"id": "r1"}))
    with prefect_api.client() as api:
        api.trigger("launch/launch")
        api.trigger("launch/launch")
        api.trigger("launch/launch", idempotency_key="mine")
    first, second, third = (body["idempotency_key"] for body in prefect_api.bodies(CREATE))
    assert first != second
    assert third == "mine"


@pytest.mark.slow
def test_patience_has_an_end(prefect_api: Fake) -> None:
    """A client of an overloaded server would hang for ever."""
    prefect_api.answer(DEPLOYMENT, (503, {}))
    with (
        prefect_api.client(patience_seconds=0.3) as api,
        pytest.raises(ApiError, match="overloaded") as error,
    ):
        api.trigger("launch/launch")
    assert "make up" in str(error.value)


def test_a_server_that_is_not_there_is_named() -> None:
    """The user would read a stack trace of an HTTP library."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}/api"
    with SlipwayApi(url, patience_seconds=0) as api:
        assert not api.healthy()
        with pytest.raises(ApiError, match="does not answer"):
            api.state("r1")


def test_a_wrong_password_says_so_at_once(prefect_api: Fake) -> None:
    """Retrying a refusal wastes half a minute and explains nothing."""
    prefect_api.answer(DEPLOYMENT, (401, {"exception_message": "Unauthorized"}))
    with (
        prefect_api.client("admin:wrong") as api,
        pytest.raises(ApiError, match="refused the password"),
    ):
        api.trigger("launch/launch")
    assert len(prefect_api.requests) == 1
    assert prefect_api.requests[0][2].startswith("Basic ")


def test_an_unknown_deployment_names_the_known(prefect_api: Fake) -> None:
    """A typing error could not be told from a server that has nothing registered."""
    prefect_api.answer("POST /flows/filter", (200, [{"id": "f1", "name": "launch"}]))
    prefect_api.answer("POST /deployments/filter", (200, [{"flow_id": "f1", "name": "launch"}]))
    with (
        prefect_api.client() as api,
        pytest.raises(NotFoundError, match=r"known are: launch/launch \(got 'lanch/launch'\)"),
    ):
        api.trigger("lanch/launch")


def test_refused_parameters_carry_the_servers_reason(prefect_api: Fake) -> None:
    """The user would not learn which parameter was wrong."""
    prefect_api.answer(DEPLOYMENT, FOUND)
    prefect_api.answer(CREATE, (409, {"detail": "'abc' is not of type 'number'"}))
    with (
        prefect_api.client() as api,
        pytest.raises(BadInputError, match="'abc' is not of type 'number'"),
    ):
        api.trigger("launch/launch", {"seconds": "abc"})


@pytest.mark.slow
def test_waiting_ends_with_the_run(prefect_api: Fake) -> None:
    """The demo would go on before the launch is done, or wait for ever."""
    ended = run("COMPLETED", start_time="2026-01-01T00:00:01Z", end_time="2026-01-01T00:00:03Z")
    prefect_api.answer("GET /flow_runs/r1", (200, run("PENDING")), (200, ended))
    with prefect_api.client() as api:
        done = api.wait("r1")
    assert done.succeeded
    assert done.started_at is not None
    assert done.ended_at == done.started_at + 2


def test_waiting_has_a_limit(prefect_api: Fake) -> None:
    """A hanging run would hang its caller."""
    prefect_api.answer("GET /flow_runs/r1", (200, run("RUNNING")))
    with prefect_api.client() as api, pytest.raises(ApiError, match="still Running"):
        api.wait("r1", timeout=0.0)


def test_long_lists_are_read_to_their_end(prefect_api: Fake) -> None:
    """Only the first two hundred log lines of a run would be seen."""
    prefect_api.answer(
        "POST /logs/filter", (200, [{"message": "x"}] * 200), (200, [{"message": "y"}])
    )
    with prefect_api.client() as api:
        assert len(api.logs("r1")) == 201
    assert [body["offset"] for body in prefect_api.bodies("POST /logs/filter")] == [0, 200]


def test_artifacts_come_in_order(prefect_api: Fake) -> None:
    """A summary could be shown before the plan it sums up."""
    later = {"key": "summary", "created": "2026-01-01T00:00:02Z"}
    sooner = {"key": "plan", "created": "2026-01-01T00:00:01Z"}
    prefect_api.answer("POST /artifacts/filter", (200, [later, sooner]))
    with prefect_api.client() as api:
        assert [each["key"] for each in api.artifacts("r1")] == ["plan", "summary"]


def test_task_runs_are_those_of_the_flow_run(prefect_api: Fake) -> None:
    """The steps of another run would be counted."""
    prefect_api.answer("POST /task_runs/filter", (200, []))
    with prefect_api.client() as api:
        assert api.task_runs("r1") == []
    [body] = prefect_api.bodies("POST /task_runs/filter")
    assert body["flow_runs"] == {"id": {"any_": ["r1"]}}


@pytest.mark.parametrize(
    ("state", "finished"),
    [("SCHEDULED", False), ("RUNNING", False), ("CRASHED", True), ("CANCELLED", True)],
)
def test_finished_states(state: str, finished: bool) -> None:
    """A crashed run would be waited for, a running one be taken for ended."""
    assert flow_run_of(run(state)).finished is finished
