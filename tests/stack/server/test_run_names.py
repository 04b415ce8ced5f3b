"""Flow runs that wait are called, and tagged, like those that run."""

from __future__ import annotations

import pytest

from stack.server.run_names import RunNames
from tests.stack.server.guarded_server import Ask, Json, ask, deploy

__all__ = ["ask"]

pytestmark = pytest.mark.prefect

TEMPLATES = {"ship/ship": "ship {project} {version} to {environment}", "train/train": "last {days}"}
SCHEMAS: dict[str, Json] = {
    "ship/ship": {"properties": {"version": {"default": ""}, "environment": {"default": "dev"}}},
    "train/train": {"properties": {"days": {"default": 90}}},
}
NAMES = RunNames(lambda: TEMPLATES, lambda: SCHEMAS)


@pytest.mark.parametrize(
    ("operation", "parameters", "name", "tags"),
    [
        ("ship/ship", {"project": "a"}, "ship a to dev", {"project:a", "environment:dev"}),
        ("ship/ship", {"project": {"b": 1}}, "ship inline to dev", {"environment:dev"}),
        ("ship/ship", {}, "ship", {"environment:dev"}),
        ("train/train", {}, "last 90", set()),
        ("stop/stop", {"project": ""}, "stop", set()),
        ("stop/stop", {"projects": 7}, "stop", set()),
        (
            "ship/ship",
            {"project": "", "projects": ["a", "web-*", "b"]},
            "ship a, web-*, b to dev",
            {"project:a", "project:b", "environment:dev"},
        ),
    ],
)
def test_a_run_is_called_after_its_parameters(
    operation: str, parameters: Json, name: str, tags: set[str]
) -> None:
    """Broken: nobody can tell for which project a run waits, or find the runs of one."""
    assert NAMES.name(operation, parameters) == name
    assert NAMES.tags(operation, parameters) == tags


def test_a_run_that_waits_has_its_name_and_tags(ask: Ask) -> None:
    """Broken: it is called `hysterical-uakari` until it starts."""
    create = f"/deployments/{deploy(ask, 'launch')}/create_flow_run"
    plain = ask("POST", create, {"parameters": {"project": "shop"}}).json()
    assert plain["name"] == "launch shop"
    assert "project:shop" in plain["tags"]
    body: Json = {"name": "mine 2", "tags": ["b"], "parameters": {"project": "shop"}}
    own = ask("POST", create, body).json()
    assert own["name"] == "mine 2"
    assert {"b", "project:shop"} <= set(own["tags"])
    mine = f"/deployments/{deploy(ask, 'mine')}/create_flow_run"
    assert ask("POST", mine, {"parameters": {"project": "shop"}}).json()["tags"] == []


def test_so_has_a_run_that_a_schedule_made(ask: Ask) -> None:
    """Broken: the runs of the night are called after animals."""
    operation = deploy(ask, "launch")
    schedule: Json = {"schedule": {"cron": "0 4 * * *"}, "parameters": {"project": "night"}}
    assert ask("POST", f"/deployments/{operation}/schedules", [schedule]).is_success
    assert ask("POST", f"/deployments/{operation}/schedule", {"max_runs": 1}).is_success
    chosen: Json = {"flow_runs": {"tags": {"all_": ["project:night"]}}}
    names = {run["name"] for run in ask("POST", "/flow_runs/filter", chosen).json()}
    assert names == {"launch night"}
