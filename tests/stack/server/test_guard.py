"""Tests of the guards on Prefect's own application: changes and deletions that are refused."""

from __future__ import annotations

import pytest

from tests.stack.server.guarded_server import TEMPLATE, Ask, Json, ask, deploy, make

__all__ = ["ask"]

pytestmark = pytest.mark.prefect


@pytest.mark.parametrize(
    "change", [{"parameter_openapi_schema": {}}, {"enforce_parameter_schema": False}]
)
@pytest.mark.parametrize("upserts", [False, True])
def test_what_an_operation_takes_stays_checked(ask: Ask, change: Json, upserts: bool) -> None:
    """Broken: one request, and the API starts a process for whatever it is sent."""
    operation = deploy(ask, "launch")
    if upserts:
        flow_id = make(ask, "/flows/", {"name": "launch"})
        answer = ask("POST", "/deployments/", {**change, "name": "launch", "flow_id": flow_id})
    else:
        answer = ask("PATCH", f"/deployments/{operation}", change)
    assert answer.status_code == 422
    assert "Leave it out" in answer.json()["detail"]
    run = f"/deployments/{operation}/create_flow_run"
    assert ask("POST", run, {"parameters": {"project": "x" * 11}}).status_code == 409
    assert ask("PATCH", f"/deployments/{operation}", {"paused": False}).is_success


@pytest.fixture(scope="module")
def _pool(ask: Ask) -> None:
    """Make the work pool by which operations run, with a queue."""
    pool = {"name": "slipway", "type": "slipway", "base_job_template": TEMPLATE}
    make(ask, "/work_pools/", pool)
    make(ask, "/work_pools/slipway/queues", {"name": "batch"})


@pytest.mark.usefixtures("_pool")
@pytest.mark.parametrize(
    "change",
    [
        {"entrypoint": "os:system"},
        {"path": "/etc"},
        {"pull_steps": [{"prefect.deployments.steps.run_shell_script": {"script": "true"}}]},
        {"job_variables": {"command": "true"}},
        {"work_pool_name": "slipway", "work_queue_name": "nosuch"},
        {"work_queue_name": "nosuch"},
    ],
)
def test_an_operation_runs_as_it_is_registered(ask: Ask, change: Json) -> None:
    """Broken: it runs something else or stays Late for ever, and nobody says so."""
    operation = f"/deployments/{deploy(ask, 'launch')}"
    flow_id = make(ask, "/flows/", {"name": "launch"})
    before = ask("GET", operation).json()
    answers = [
        ask("PATCH", operation, change),
        ask("POST", "/deployments/", {**change, "name": "launch", "flow_id": flow_id}),
    ]
    assert [answer.status_code for answer in answers] == [422] * 2
    assert all("Slipway" in answer.json()["detail"] for answer in answers)
    assert ask("GET", operation).json() == before


@pytest.mark.usefixtures("_pool")
def test_what_a_user_may_change_of_an_operation_stays_free(ask: Ask) -> None:
    """Broken: `make up` and the form of the UI, which sends all that there is, are refused."""
    operation = f"/deployments/{deploy(ask, 'launch')}"
    queue = {"work_pool_name": "slipway", "work_queue_name": "batch"}
    plain: Json = {
        "path": None,
        "pull_steps": [],
        "job_variables": {},
        "parameters": {"project": "a"},
    }
    change = {**queue, **plain, "tags": ["mine"], "description": "mine", "concurrency_limit": 2}
    assert ask("PATCH", operation, change).status_code == 204
    assert ask("GET", operation).json()["work_queue_name"] == "batch"


def test_a_deployment_that_is_sent_without_schedules_keeps_them(ask: Ask) -> None:
    """Broken: registering an operation once more ends all that was to happen by itself."""
    operation = f"/deployments/{deploy(ask, 'launch')}"
    often = {"slug": "often", "schedule": {"cron": "0 0 * * *"}, "active": False}
    assert ask("POST", f"{operation}/schedules", [often]).is_success
    body: Json = {"name": "launch", "flow_id": make(ask, "/flows/", {"name": "launch"})}
    unfit = ask("POST", "/deployments/", {**body, "parameters": {"project": "x" * 11}})
    assert unfit.status_code == 409
    assert ask("POST", "/deployments/", body).is_success
    schedules = ask("GET", operation).json()["schedules"]
    assert [(each["slug"], each["active"]) for each in schedules] == [("often", False)]
    assert ask("POST", "/deployments/", {**body, "schedules": []}).is_success
    assert ask("GET", operation).json()["schedules"] == []


def test_a_switch_leaves_the_rest_of_a_schedule(ask: Ask) -> None:
    """Broken: after `prefect deployment schedule pause` and `resume`, each run lacks its project."""
    operation = f"/deployments/{deploy(ask, 'launch')}"
    nightly = {"slug": "nightly", "schedule": {"cron": "0 0 * * *"}, "parameters": {"project": "a"}}
    assert ask("POST", f"{operation}/schedules", [nightly]).is_success
    [before] = ask("GET", operation).json()["schedules"]
    changes: list[Json] = [{"active": False}, {"active": True}, {"parameters": {}}]
    for change in changes:
        assert ask("PATCH", f"{operation}/schedules/{before['id']}", change).is_success
        [after] = ask("GET", operation).json()["schedules"]
        assert {**after, "updated": ""} == {**before, **change, "updated": ""}


@pytest.mark.usefixtures("_pool")
def test_what_operations_run_by_lets_them_run(ask: Ask) -> None:
    """Broken: a queue is gone by another name, or takes no run, and every operation stays Late."""
    pool, queue = "/work_pools/slipway", "/work_pools/slipway/queues/batch"
    by_id = f"/work_queues/{ask('GET', queue).json()['id']}"
    changes: list[tuple[str, Json]] = [
        (pool, {"concurrency_limit": 0}),
        *(
            (path, change)
            for path in (queue, by_id)
            for change in ({"name": "zz"}, {"concurrency_limit": 0})
        ),
    ]
    refusals = [ask("PATCH", path, change) for path, change in changes]
    assert [answer.status_code for answer in refusals] == [422] * 5
    for path in (pool, queue):
        assert ask("PATCH", path, {"concurrency_limit": 3, "is_paused": True}).is_success
        assert ask("PATCH", path, {"is_paused": False}).is_success
    assert ask("PATCH", queue, {"name": "batch", "priority": 3}).is_success


@pytest.mark.usefixtures("_pool")
@pytest.mark.parametrize("path", ["/work_pools/slipway/queues/batch", "/work_pools/slipway"])
@pytest.mark.parametrize("paused", [True, False])
def test_what_runs_operations_can_be_paused_and_resumed(ask: Ask, path: str, paused: bool) -> None:
    """Broken: the request is never answered, and nobody can write meanwhile."""
    if not paused:
        assert ask("PATCH", path, {"is_paused": True}).is_success
    assert ask("PATCH", path, {"is_paused": paused}).is_success
    stored = ask("GET", path).json()
    assert (stored["is_paused"], stored["status"] == "PAUSED") == (paused, paused)


@pytest.mark.usefixtures("_pool")
def test_the_pool_starts_what_it_was_registered_to_start(ask: Ask) -> None:
    """Broken: every operation is Completed, and something else has run in its place."""
    pool = "/work_pools/slipway"
    before = ask("GET", pool).json()
    other_template = {"job_configuration": {"command": "true"}, "variables": {"properties": {}}}
    for template in (other_template, {}):
        refusal = ask("PATCH", pool, {"base_job_template": template})
        assert refusal.status_code == 422
        assert refusal.json()["detail"].startswith("base_job_template: ")
    assert ask("GET", pool).json()["base_job_template"] == before["base_job_template"]
    assert ask("PATCH", pool, {"description": "mine", "base_job_template": TEMPLATE}).is_success


def test_a_run_of_an_operation_is_started_like_all(ask: Ask) -> None:
    """Broken: it is Completed, and its request has had another command run in its place."""
    operation = deploy(ask, "launch")
    create = f"/deployments/{operation}/create_flow_run"
    good: Json = {"parameters": {"project": "shop"}}
    instead: Json = {"job_variables": {"command": "true"}}
    run = make(ask, create, {**good, "job_variables": {"env": {"A": "b"}}})
    flow_id = make(ask, "/flows/", {"name": "launch"})
    bare = {**good, **instead, "flow_id": flow_id, "deployment_id": operation}
    answers = [
        ask("POST", create, {**good, **instead}),
        ask("POST", "/flow_runs/", bare),
        ask("PATCH", f"/flow_runs/{run}", instead),
    ]
    assert [answer.status_code for answer in answers] == [422] * 3
    assert all("job_variables" in answer.json()["detail"] for answer in answers)
    other: Json = {"job_variables": {"env": {"SLIPWAY_HOME": "/elsewhere"}}}
    answers = [ask("POST", create, {**good, **other}), ask("PATCH", f"/flow_runs/{run}", other)]
    assert [answer.status_code for answer in answers] == [422] * 2
    assert "job_variables.env.SLIPWAY_HOME" in answers[0].json()["detail"]
    own = f"/deployments/{deploy(ask, 'mine')}/create_flow_run"
    assert ask("POST", own, instead).is_success


def test_no_request_goes_past_the_checks(ask: Ask) -> None:
    """Broken: who asks for no check gets none, and a process is started for any value."""
    operation = deploy(ask, "launch")
    flow_id = make(ask, "/flows/", {"name": "launch"})
    create = f"/deployments/{operation}/create_flow_run"
    good = {"parameters": {"project": "shop"}}
    bad: Json = {"parameters": {"project": "x" * 11}}
    unchecked = {**bad, "enforce_parameter_schema": False}
    run = make(ask, create, good)
    answers = [
        ask("POST", create, unchecked),
        ask("POST", "/flow_runs/", {**bad, "flow_id": flow_id, "deployment_id": operation}),
        ask("PATCH", f"/flow_runs/{run}", bad),
    ]
    assert [answer.status_code for answer in answers] == [409] * 3
    assert all("for field 'project'" in answer.json()["detail"] for answer in answers)
    assert not ask("POST", f"{create}/bulk", [unchecked]).json()["results"][0]["flow_run_id"]
    assert ask("GET", f"/flow_runs/{run}").json()["parameters"] == good["parameters"]


@pytest.mark.usefixtures("_pool")
def test_a_run_is_made_to_begin_and_by_a_queue_that_is_served(ask: Ask) -> None:
    """Broken: it stands as Completed though nothing was run, or rests in a queue of nobody."""
    operation = deploy(ask, "launch")
    queue = {"work_pool_name": "slipway", "work_queue_name": "batch"}
    assert ask("PATCH", f"/deployments/{operation}", queue).is_success
    create = f"/deployments/{operation}/create_flow_run"
    good: Json = {"parameters": {"project": "shop"}}
    for kind in ("COMPLETED", "FAILED", "CANCELLED", "PAUSED", "RUNNING", "CRASHED"):
        answer = ask("POST", create, {**good, "state": {"type": kind}})
        assert (answer.status_code, answer.json()["detail"].partition(":")[0]) == (422, "state")
    answer = ask("POST", create, {**good, "work_queue_name": "foo"})
    assert (answer.status_code, answer.json()["detail"][:16]) == (422, "work_queue_name:")
    assert ask("GET", "/work_pools/slipway/queues/foo").status_code == 404
    begins = {**good, "state": {"type": "SCHEDULED"}, "work_queue_name": "batch"}
    assert ask("POST", create, begins).is_success


@pytest.mark.usefixtures("_pool")
def test_no_worker_takes_a_run_of_an_operation_without_its_checks(ask: Ask) -> None:
    """Broken: any command is run under the name of an operation."""
    deploy(ask, "launch")
    bare = {"flow_id": make(ask, "/flows/", {"name": "launch"}), "state": {"type": "SCHEDULED"}}
    answer = ask("POST", "/flow_runs/", {**bare, "work_pool_name": "slipway"})
    assert (answer.status_code, answer.json()["detail"][:14]) == (422, "deployment_id:")
    assert ask("POST", "/flow_runs/", bare).is_success, "a run that begins in its own process"


def test_no_limit_keeps_an_operation_waiting_for_ever(ask: Ask) -> None:
    """Broken: every run of it is Late, and nobody says why."""
    operation, own = (f"/deployments/{deploy(ask, flow)}" for flow in ("launch", "mine"))
    for path in (operation, own):
        assert ask("PATCH", path, {"concurrency_limit": 1}).is_success
    limits = [
        f"/v2/concurrency_limits/deployment:{path.rpartition('/')[2]}" for path in (own, operation)
    ]
    answers = [ask("PATCH", limit, {"limit": 0}) for limit in limits]
    assert [answer.status_code for answer in answers] == [204, 422]
    assert ask("PATCH", limits[1], {"limit": 2}).is_success
    closed = make(ask, "/v2/concurrency_limits/", {"name": "closed", "limit": 0})
    change = {"global_concurrency_limit_id": closed}
    assert ask("PATCH", operation, change).status_code == 422
    assert ask("PATCH", own, change).is_success


def test_other_deployments_are_their_owners(ask: Ask) -> None:
    """Broken: who uses the server for flows of their own cannot change or remove them."""
    own = f"/deployments/{deploy(ask, 'mine')}"
    assert ask("PATCH", own, {"enforce_parameter_schema": False}).is_success
    assert ask("DELETE", own).is_success
    assert ask("GET", own).status_code == 404


def test_the_types_of_our_blocks_are_not_deleted(ask: Ask) -> None:
    """Broken: every project is gone at one request, and every operation fails."""
    paths: dict[str, list[str]] = {}
    for slug in ("slipway-project", "mine"):
        block_type = make(ask, "/block_types/", {"name": slug, "slug": slug})
        schema = make(
            ask, "/block_schemas/", {"block_type_id": block_type, "fields": {"title": slug}}
        )
        paths[slug] = [f"/block_schemas/{schema}", f"/block_types/{block_type}"]
    answers = [ask("DELETE", path) for path in paths["slipway-project"]]
    assert [answer.status_code for answer in answers] == [409] * 2
    assert "is how Slipway is configured" in answers[1].json()["detail"]
    assert [ask("DELETE", path).status_code for path in paths["mine"]] == [204] * 2


def test_an_operation_is_not_deleted(ask: Ask) -> None:
    """Broken: it is gone with its schedules until the next `make up`, and nobody says so."""
    operation = deploy(ask, "launch")
    flow_id = make(ask, "/flows/", {"name": "launch"})
    filters = {"deployments": {"id": {"any_": [operation]}}}
    answers = [
        ask("DELETE", f"/deployments/{operation}"),
        ask("POST", "/deployments/bulk_delete", filters),
        ask("DELETE", f"/flows/{flow_id}"),
        ask("POST", "/flows/bulk_delete", {"flows": {"id": {"any_": [flow_id]}}}),
    ]
    assert [answer.status_code for answer in answers] == [409] * 4
    assert "is an operation of Slipway (got 'launch/launch')" in answers[0].json()["detail"]
    assert ask("GET", f"/deployments/{operation}").is_success


@pytest.mark.usefixtures("_pool")
def test_what_operations_run_by_is_not_deleted(ask: Ask) -> None:
    """Broken: every run stays Scheduled for ever, as no worker is asked to take it."""
    make(ask, "/work_pools/", {"name": "mine", "type": "process"})
    for pool, queue in (("slipway", "extra"), ("mine", "batch")):
        make(ask, f"/work_pools/{pool}/queues", {"name": queue})
    batch = ask("GET", "/work_pools/slipway/queues/batch").json()["id"]
    paths = ["/work_pools/slipway", "/work_pools/slipway/queues/batch", f"/work_queues/{batch}"]
    assert [ask("DELETE", path).status_code for path in paths] == [409] * 3
    free = ["/work_pools/slipway/queues/extra", "/work_pools/mine/queues/batch", "/work_pools/mine"]
    assert [ask("DELETE", path).status_code for path in free] == [204] * 3


@pytest.mark.parametrize("state", ["PENDING", "RUNNING", "PAUSED", "CANCELLING"])
def test_what_is_at_work_is_not_deleted(ask: Ask, state: str) -> None:
    """Broken: its process goes on, and all that it tells is an error of the server's database."""
    own = deploy(ask, "mine")
    run = make(ask, f"/deployments/{own}/create_flow_run", {})
    flow = f"/flows/{ask('GET', f'/flow_runs/{run}').json()['flow_id']}"
    for step in ("RUNNING", state):
        force = {"state": {"type": step}, "force": True}
        assert ask("POST", f"/flow_runs/{run}/set_state", force).is_success
    assert ask("GET", f"/flow_runs/{run}").json()["state_type"] == state
    answers = [
        ask("DELETE", f"/flow_runs/{run}"),
        ask("POST", "/flow_runs/bulk_delete", {"flow_runs": {"id": {"any_": [run]}}}),
        ask("DELETE", f"/deployments/{own}"),
        ask("DELETE", flow),
    ]
    assert [answer.status_code for answer in answers] == [409] * 4
    assert "Cancel it first" in answers[0].json()["detail"]
    ended = {"state": {"type": "CANCELLED"}, "force": True}
    assert ask("POST", f"/flow_runs/{run}/set_state", ended).is_success
    paths = (f"/flow_runs/{run}", f"/deployments/{own}", flow)
    assert [ask("DELETE", path).status_code for path in paths] == [204] * 3
