"""The deployments of a stack of before answer by both names, and get the new one."""

from __future__ import annotations

import pytest

from tests.stack.server.guarded_server import Ask, Json, ask, make

__all__ = ["ask"]

pytestmark = pytest.mark.prefect


def former(ask: Ask, flow: str, entrypoint: str) -> str:
    """Make a deployment `default`, as a stack of before has it; return its id."""
    flow_id = make(ask, "/flows/", {"name": flow})
    schedule: Json = {"slug": "mine", "schedule": {"cron": "0 4 * * *"}, "active": False}
    body: Json = {"name": "default", "flow_id": flow_id, "entrypoint": entrypoint}
    return make(ask, "/deployments/", {**body, "schedules": [schedule]})


def test_an_operation_of_before_is_found_by_both_names_and_renamed(ask: Ask) -> None:
    """Broken: scripts find nothing any more, or schedules run what `make up` no longer registers."""
    operation = former(ask, "stop", "flows.stop.stop_flow")
    for renamed in (False, True):
        for name in ("default", "stop"):
            stored = ask("GET", f"/deployments/name/stop/{name}").json()
            assert stored["id"] == operation
            assert stored["name"] == ("stop" if renamed else "default")
            assert [each["slug"] for each in stored["schedules"]] == ["mine"]
        assert ask("PATCH", f"/deployments/{operation}", {"description": "new"}).is_success


def test_a_deployment_of_a_users_own_keeps_its_name(ask: Ask) -> None:
    """Broken: a deployment that is none of ours runs in place of an operation."""
    mine = former(ask, "mine", "mine.flow")
    assert ask("PATCH", f"/deployments/{mine}", {"description": "new"}).is_success
    assert ask("GET", f"/deployments/{mine}").json()["name"] == "default"
    assert ask("GET", "/deployments/name/mine/mine").status_code == 404
