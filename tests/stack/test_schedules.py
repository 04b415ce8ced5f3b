"""Tests of schedules on a real server: a user's changes stay, and missed runs are made up once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from stack.api import SlipwayApi
from stack.registration.deployments import Declared
from stack.registration.register import operation, register_deployment
from stack.worker.missed_runs import skip_missed

pytestmark = pytest.mark.prefect
POOL = "own"
UI = {"schedule": {"interval": 3600.0}, "active": True, "parameters": {"project": "shop"}}
TINY = Declared(
    name="status",
    entrypoint="flows.status.status_flow",
    pool=POOL,
    queue="default",
    schedules=(
        {"slug": "nightly", "cron": "0 3 * * *", "active": True},
        {"slug": "often", "cron": "*/5 * * * *", "active": True},
    ),
)


@pytest.fixture(scope="module")
def api(prefect_server: str) -> Iterator[SlipwayApi]:
    """Give a client of a server that has a pool of this module's own."""
    with SlipwayApi(prefect_server) as client:
        client.call("POST", "/work_pools/", {"name": POOL, "type": "slipway"})
        yield client
        client.call("DELETE", f"/work_pools/{POOL}")


@pytest.fixture
def deployment(api: SlipwayApi) -> Iterator[dict[str, Any]]:
    """Give a deployment as `make up` registers it, one of its schedules switched off since."""
    register_deployment(api, TINY, *operation(TINY, POOL))
    deployment = api.deployment("status/status")
    paused = _schedules(api)["nightly"]
    path = f"/deployments/{deployment['id']}/schedules"
    api.call("PATCH", f"{path}/{paused['id']}", {"active": False, "parameters": {"project": "a"}})
    yield deployment
    api.call("DELETE", f"/deployments/{deployment['id']}")


def _schedules(api: SlipwayApi) -> dict[str, dict[str, Any]]:
    schedules = api.deployment("status/status")["schedules"]
    return {each["slug"] or "of the user": each for each in schedules}


def _kept(schedules: dict[str, dict[str, Any]]) -> dict[str, tuple[Any, ...]]:
    return {
        name: (each["id"], each["active"], each["parameters"], each["schedule"])
        for name, each in schedules.items()
    }


def test_what_the_user_made_or_switched_survives_registering(
    api: SlipwayApi, deployment: dict[str, Any]
) -> None:
    """Broken: `make up` removes a schedule made in the UI, or starts one that was paused."""
    api.call("POST", f"/deployments/{deployment['id']}/schedules", [UI])
    before = _kept(_schedules(api))
    assert set(before) == {"nightly", "often", "of the user"}
    register_deployment(api, TINY, *operation(TINY, POOL))
    assert _kept(_schedules(api)) == before


def test_a_schedule_that_is_declared_for_another_time_moves_and_keeps_its_switch(
    api: SlipwayApi, deployment: dict[str, Any]
) -> None:
    """Broken: a new version's times never arrive, or bring back what was switched off."""
    api.call("POST", f"/deployments/{deployment['id']}/schedules", [UI])
    nightly, often = TINY.schedules
    weekly = {"slug": "weekly", "cron": "0 6 * * 1"}
    changed = replace(TINY, schedules=({**nightly, "cron": "0 4 * * *"}, often, weekly))
    register_deployment(api, changed, *operation(changed, POOL))
    now = _schedules(api)
    assert set(now) == {"nightly", "often", "weekly", "of the user"}
    assert now["nightly"]["schedule"]["cron"] == "0 4 * * *"
    assert (now["nightly"]["active"], now["nightly"]["parameters"]) == (False, {"project": "a"})
    assert now["of the user"]["parameters"] == {"project": "shop"}


def test_missed_runs_of_a_schedule_are_made_up_by_the_newest(
    api: SlipwayApi, deployment: dict[str, Any], tmp_path: Path
) -> None:
    """Broken: after an hour without the stack a dozen runs of one schedule begin at once."""
    api.call("POST", f"/deployments/{deployment['id']}/schedules", [UI])
    now = time.time()
    span = {
        "start_time": datetime.fromtimestamp(now - 4 * 3600, UTC).isoformat(),
        "end_time": datetime.fromtimestamp(now, UTC).isoformat(),
        "min_runs": 40,
        "max_runs": 100,
    }
    api.call("POST", f"/deployments/{deployment['id']}/schedule", span)
    requested = api.trigger("status/status")
    due = _waiting(api, now)
    assert len(due) > 40
    assert len(skip_missed(api, POOL, now)) == len(due) - 2
    remaining = _waiting(api, now)
    assert len({run["created_by"]["id"] for run in remaining}) == len(remaining) == 2
    for run in remaining:
        same = [each for each in due if each["created_by"] == run["created_by"]]
        assert run["expected_start_time"] == max(each["expected_start_time"] for each in same)
    [skipped, *_] = [run for run in due if run["id"] not in {each["id"] for each in remaining}]
    state = api.call("GET", f"/flow_runs/{skipped['id']}")["state"]
    assert (state["type"], state["name"]) == ("CANCELLED", "Skipped")
    assert "makes up for it" in state["message"]
    assert api.state(requested).state_name == "Scheduled"
    assert skip_missed(api, POOL, now) == []


def _waiting(api: SlipwayApi, now: float) -> list[dict[str, Any]]:
    """Return the runs of schedules that should have begun."""
    before = datetime.fromtimestamp(now, UTC).isoformat()
    query = {
        "state": {"type": {"any_": ["SCHEDULED"]}},
        "expected_start_time": {"before_": before},
    }
    runs = api.every("/flow_runs/filter", {"flow_runs": query})
    return [run for run in runs if run["auto_scheduled"]]
