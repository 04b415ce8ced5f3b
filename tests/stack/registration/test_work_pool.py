"""Tests of the work pool, its queues and limits."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pytest

from stack.api import SlipwayApi
from stack.registration.work_pool import (
    ensure_pool,
    ensure_provider_limit,
    job_template,
)


class Fake(Protocol):
    """What these tests use of the fake server."""

    answer: Callable[..., None]
    bodies: Callable[[str], list[dict[str, Any]]]
    client: Callable[..., SlipwayApi]


DEFAULT = {"variables": {"properties": {"command": {"default": None}, "working_dir": {}}}}
POOL = "/work_pools/slipway"


def test_flow_runs_start_in_our_folder_with_our_interpreter() -> None:
    """A flow run would not find its module, or start a second interpreter first."""
    template = job_template(DEFAULT, "/a path/python", Path("/srv/slipway"))
    properties = template["variables"]["properties"]
    shell, _, script = shlex.split(properties["command"]["default"])
    assert shell == "/bin/sh"
    assert script.startswith("exec '/a path/python' -m stack.worker.engine")
    assert properties["working_dir"]["default"] == "/srv/slipway"
    assert DEFAULT["variables"]["properties"]["command"]["default"] is None


def test_the_pool_is_made_with_its_queues(prefect_api: Fake) -> None:
    """Deployments would name queues that do not exist."""
    prefect_api.answer("POST /work_pools/", (201, {}))
    prefect_api.answer(f"POST {POOL}/queues", (201, {}))
    with prefect_api.client() as api:
        ensure_pool(api, "slipway", DEFAULT)
    [body] = prefect_api.bodies("POST /work_pools/")
    assert (body["name"], body["type"]) == ("slipway", "slipway")
    queues = {each.pop("name"): each for each in prefect_api.bodies(f"POST {POOL}/queues")}
    assert queues == {
        "critical": {"priority": 1, "concurrency_limit": None},
        "default": {"priority": 2, "concurrency_limit": 16},
        "batch": {"priority": 3, "concurrency_limit": 4},
    }


def test_a_pool_that_stands_is_brought_up_to_date(prefect_api: Fake) -> None:
    """After a move of the folder flow runs would start in the old one."""
    prefect_api.answer(f"GET {POOL}", (200, {}))
    prefect_api.answer(f"PATCH {POOL}", (204, None))
    for queue in ("critical", "default", "batch"):
        prefect_api.answer(f"GET {POOL}/queues/{queue}", (200, {}))
        prefect_api.answer(f"PATCH {POOL}/queues/{queue}", (204, None))
    with prefect_api.client() as api:
        ensure_pool(api, "slipway", DEFAULT)
    [sent] = prefect_api.bodies(f"PATCH {POOL}")
    assert sent["base_job_template"] == DEFAULT
    assert "type" not in sent
    assert prefect_api.bodies(f"PATCH {POOL}/queues/default") == [{"priority": 2}]


@pytest.mark.parametrize("stands", [False, True])
def test_a_provider_has_one_limit(prefect_api: Fake, stands: bool) -> None:
    """More lanes than the provider has would run at once, or a second `up` would fail."""
    path = "/v2/concurrency_limits/"
    prefect_api.answer(f"GET {path}provider:local", (200 if stands else 404, {}))
    prefect_api.answer(f"PATCH {path}provider:local", (204, None))
    prefect_api.answer(f"POST {path}", (201, {}))
    with prefect_api.client() as api:
        ensure_provider_limit(api, "local", 4)
    [sent] = prefect_api.bodies(f"PATCH {path}provider:local" if stands else f"POST {path}")
    assert sent["limit"] == 4
