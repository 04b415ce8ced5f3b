"""Tests of the reads of a whole stack: over the API, with its password, whatever is killed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping

import httpx
import pytest

from stack.auth import auth_header, read_auth
from stack.record import read_record
from tasks.home import Home
from tests.integration.conftest import Stack

pytestmark = [pytest.mark.integration, pytest.mark.prefect]


def get(stack: Stack, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
    """Ask for a read on a connection of its own."""
    url = f"{stack.config.api_url}/slipway{path}"
    return httpx.get(url, headers=headers, timeout=60, trust_env=False)


def password(stack: Stack) -> dict[str, str]:
    """Return the header with the password of the stack."""
    return auth_header(read_auth(Home(stack.config.root).auth_file))


def until(holds: Callable[[], bool]) -> None:
    """Wait for an effect."""
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_reads_need_the_password_of_the_api(stack: Stack) -> None:
    """Whoever reaches the port would read logs, or nobody could."""
    assert get(stack, "/queue").status_code == 401
    assert get(stack, "/queue", {"authorization": "Basic d3Jvbmc6d3Jvbmc="}).status_code == 401
    answer = get(stack, "/queue", password(stack))
    assert answer.status_code == 200, answer.text
    assert answer.json()["providers"]
    assert answer.headers["connection"] == "close"  # the process itself answered


def test_a_connection_that_began_with_another_request_reads_as_well(stack: Stack) -> None:
    """A browser that has the UI open would be told that there is no such path."""
    with httpx.Client(headers=password(stack), timeout=60, trust_env=False) as client:
        assert client.get(f"{stack.config.api_url}/health").json() is True
        answer = client.get(f"{stack.config.api_url}/slipway/estimate?project=nobody")
        assert (answer.status_code, "project: unknown" in answer.json()["detail"]) == (404, True)
        assert client.post(f"{stack.config.api_url}/flows/filter", json={}).status_code == 200
    with httpx.Client(timeout=60, trust_env=False) as client:
        client.get(f"{stack.config.api_url}/health")
        assert client.get(f"{stack.config.api_url}/slipway/queue").status_code == 401


def test_status_knows_the_stack_and_make_status_asks_it(stack: Stack) -> None:
    """`make status` would show other things than the API."""
    seen = get(stack, "/status?max_age_seconds=0", password(stack)).json()
    assert {each["state"] for each in seen["processes"]} == {"answers"}
    text = stack.make("stack.status").stdout
    assert all(str(each["pid"]) in text for each in seen["processes"])
    assert seen["ui"] in text


def test_a_killed_process_comes_back_and_the_api_says_so_meanwhile(stack: Stack) -> None:
    """Reads would be gone until the next `make up`, or take the whole API with them."""
    record = read_record(Home(stack.config.root).record("reads"))
    assert record is not None
    os.kill(record.pid, signal.SIGKILL)
    while (answer := get(stack, "/queue", password(stack))).status_code != 200:
        assert answer.status_code == 503
        assert "the process that answers reads" in answer.json()["detail"]
        assert stack.api.healthy()
    after = read_record(Home(stack.config.root).record("reads"))
    assert after is not None
    assert after.pid != record.pid
    assert "reads" in stack.make("stack.status").stdout
    until(lambda: stack.make("stack.status", "--check").returncode == 0)
