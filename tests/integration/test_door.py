"""Tests of the request validation on a real Prefect server, and of the repair of stored values."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import httpx
import pytest

from stack.auth import auth_header, read_auth
from tasks.home import Home
from tests.integration.conftest import Stack

pytestmark = [pytest.mark.integration, pytest.mark.prefect]

POISON = r'{"project": "\ud800", "revive": false, "environment": "dev", "version": ""}'
UNSTORABLE = {
    "half of a character": r'{"parameters": {"project": "\ud800"}}',
    "NUL": r'{"parameters": {"project": "x\u0000"}}',
    "number beyond 64 bits": '{"parameters": {"project": "x"}, "context": {"n": 36893488147419103232}}',
    "no number": '{"parameters": {"project": "x"}, "context": {"n": NaN}}',
    "lists in one another": f'{{"context": {{"n": {"[" * 250}1{"]" * 250}}}}}',
    "template": '{"parameters": {"project": {"__prefect_kind": "jinja", "template": "{{ 1 }}"}}}',
    "half of a tag": r'{"parameters": {"project": "x"}, "tags": ["\udfff"]}',
    "half of a name": r'{"parameters": {"project": "x"}, "name": "\udfff"}',
}


def post(stack: Stack, path: str, body: str) -> httpx.Response:
    """Send ``body`` as it is, which no client of ours would."""
    headers = auth_header(read_auth(Home(stack.config.root).auth_file))
    return httpx.post(
        f"{stack.config.api_url}{path}",
        content=body,
        headers={**headers, "content-type": "application/json"},
        timeout=60,
        trust_env=False,
    )


def create(stack: Stack) -> str:
    """Return the path at which a run of `launch` is asked for."""
    return f"/deployments/{stack.api.deployment('launch/launch')['id']}/create_flow_run"


@pytest.mark.parametrize("name", UNSTORABLE)
def test_what_could_not_be_given_back_does_not_come_in(name: str, stack: Stack) -> None:
    """Broken: the worker ends every 25 s, for one request, until somebody edits the database."""
    only = json.dumps({"flows": {"name": {"any_": ["launch"]}}})
    before = post(stack, "/flow_runs/count", only).json()
    answer = post(stack, create(stack), UNSTORABLE[name])
    assert answer.status_code == 422, answer.text
    assert "(got " in answer.json()["detail"]
    assert post(stack, "/flow_runs/count", only).json() == before
    assert post(stack, "/flow_runs/filter", "{}").status_code == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/variables/", r'{"name": "door", "value": "\ud800"}'),
        ("/flows/", r'{"name": "\ud800"}'),
        ("/work_pools/", '{"name": "door", "description": "x\\u0000"}'),
        ("/concurrency_limits/", '{"tag": "door", "concurrency_limit": 99999999999999999999}'),
    ],
)
def test_nor_does_it_by_another_way(path: str, body: str, stack: Stack) -> None:
    """Broken: a variable, a flow or a limit of that kind breaks the page that lists it."""
    answer = post(stack, path, body)
    assert answer.status_code == 422
    assert "(got " in answer.json()["detail"]


def test_nobody_is_looked_at_without_the_password(stack: Stack) -> None:
    """Broken: who may not use the server can have it parse what he likes."""
    address = f"{stack.config.api_url}{create(stack)}"
    assert httpx.post(address, content=b"{}", trust_env=False).status_code == 401
    body = UNSTORABLE["NUL"].encode()
    assert httpx.post(address, content=body, trust_env=False).status_code == 401


def test_a_run_of_that_kind_that_is_there_already_stops_nothing(stack: Stack) -> None:
    """Broken: whoever was hit before the upgrade has to edit the database by hand."""
    run = json.loads(post(stack, create(stack), '{"parameters": {"project": "nobody"}}').text)["id"]
    with closing(sqlite3.connect(Home(stack.config.root).prefect / "prefect.db")) as database:
        changed = database.execute(
            "UPDATE flow_run SET parameters = ? WHERE id = ?", (POISON, run)
        ).rowcount
        database.commit()
    assert changed == 1
    assert stack.api.wait(run).state_type in {"FAILED", "CRASHED"}
    listed = stack.api.every("/flow_runs/filter", {})
    assert [each["parameters"]["project"] for each in listed if each["id"] == run] == ["\ufffd"]
    stack.done_here("report", report="executive", formats=["json"])
    stack.done_here("train", since_days=1)
    stack.done_here("status")
