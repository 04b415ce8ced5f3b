"""Tests of the reads over HTTP, on a ledger with rows; no stack runs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from blocks.providers.process.shim.records import LOG
from stack.reads.application import ENDPOINTS
from stack.reads.endpoint import Endpoint, Source
from tasks.configuration import checked
from tasks.errors import BadInputError
from tasks.ledger.workloads import open_workload
from tests.stack.conftest import FakePrefect
from tests.stack.reads.conftest import Ask, step_of
from tests.tasks.ledger.attempts import begin_execution


@pytest.mark.slow
async def test_status_looks_at_what_runs(ask: Ask) -> None:
    """What has no process would be told to run, as the ledger says."""
    seen = (await ask("/status")).json()
    assert {each["name"]: each["state"] for each in seen["processes"]}["worker"] == "down"
    (service,) = seen["services"]
    assert (service["project"], service["service"], service["state"]) == (
        "shop",
        "web",
        "never started",
    )
    assert (await ask("/status?environment=prod")).json()["services"] == []
    assert len((await ask("/status/shop")).json()["services"]) == 1
    unknown = await ask("/status/shpo")
    assert unknown.status_code == 404
    assert "did you mean 'shop'" in unknown.json()["detail"]


async def test_estimate_tells_what_history_knows(ask: Ask) -> None:
    """Who plans by it would have to start a run, or be told nothing."""
    found = (await ask("/estimate?project=shop&workload=tests")).json()
    (row,) = found["estimates"]
    assert (row["key"], row["runs"], found["total"]) == ("shop/tests/build", 1, 1)
    assert row["p50_seconds"] == pytest.approx(4.0, abs=0.1)
    for query, status in (("", 422), ("project=shpo", 404), ("workload=tests", 422)):
        assert (await ask(f"/estimate?{query}")).status_code == status


async def test_snapshots_are_listed_without_passwords(ask: Ask) -> None:
    """The password of a repository would be read by whoever lists backups."""
    found = (await ask("/snapshots?project=shop&environment=dev")).json()
    assert [each["id"] for each in found["snapshots"]] == ["4f1c"]
    assert "hunter2" not in str(found)
    assert (await ask("/snapshots?environment=prod")).json()["total"] == 0
    assert (await ask("/snapshots?environment=prdo")).status_code == 404


async def test_releases_say_where_they_serve(ask: Ask) -> None:
    """Nobody would know which version is live, or get the second page."""
    found = (await ask("/releases?project=shop")).json()
    live = {each["version"]: each["live_in"] for each in found["releases"]}
    assert live == {"1": [], "0": ["dev"]}
    second = (await ask("/releases?limit=1&offset=1")).json()
    assert (second["total"], [each["version"] for each in second["releases"]]) == (2, ["0"])


async def test_logs_are_masked_and_can_be_followed(ask: Ask) -> None:
    """A secret that a service prints would be shown, or its lines come twice."""
    of_service = "/logs?project=shop&environment=dev&service=web"
    last = (await ask(f"{of_service}&lines=2")).json()
    assert last["lines"] == ["key=***", "three"]
    assert (await ask(f"{of_service}&since={last['next']}")).json()["lines"] == []
    assert (await ask(f"{of_service}&since=0&lines=1")).json()["lines"] == ["one"]
    of_step = (await ask("/logs?project=shop&workload=tests&step=build")).json()
    assert (of_step["owner"], of_step["lines"]) == ("shop/tests/build, attempt 1", ["built"])


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        ("service=wbe", 404, "did you mean 'web'"),
        ("service=web&replica=7", 404, "replica: unknown"),
        ("step=never", 422, "step: has not run in shop: it has not begun, or has another name"),
        ("workload=tests&step=never", 422, "`workload-...` says which did not run."),
        ("workload=../../w1&step=build", 404, "workload: unknown; known are: tests"),
        ("workload=test&step=build", 404, "did you mean 'tests'?"),
        ("service=web&step=build", 422, "not both"),
        ("", 422, "has to be given"),
        ("service=web&lines=0", 422, "lines: must be at least 1"),
        ("service=web&lines=ten", 422, "lines: is not a whole number"),
        ("service=web&since=-5", 422, "Write 0 or more. It is: The `next` of an earlier answer"),
        ("service=web&replica=1001", 422, "Write 1000 or less."),
        ("service=web&environment=../..", 422, "Use only lower-case letters, digits and dashes."),
        ("service=web&tail=10", 422, "tail"),
        ("service=web&service=api", 422, "is given twice"),
    ],
)
async def test_a_bad_parameter_is_named_with_its_remedy(
    ask: Ask, query: str, status: int, says: str
) -> None:
    """A misspelt name would look like a service that has written nothing."""
    refused = await ask(f"/logs?project=shop&{query}")
    assert (refused.status_code, says in refused.json()["detail"]) == (status, True), refused.text
    assert {"field", "value", "remedy"} <= set(refused.json())


async def test_the_workloads_of_a_project_are_named_as_a_user_does(
    ask: Ask, source: Source
) -> None:
    """The remedy would name the digests of a release and of its steps."""
    for key in ("shop/a/b/dev/d1/d2", "shop/a/b/dev/d3/d2", "shopper/c/dev/d1/d2"):
        open_workload(source.ledger, key, "", 1.0, 60.0, lambda _: False)
    refused = (await ask("/logs?project=shop&workload=none&step=build")).json()
    assert "known are: a/b, tests (" in refused["detail"]
    assert refused["field"] == "workload"


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda each: each.path)
@pytest.mark.parametrize("value", ["../..", "-5", "1e400", "x" * 20_000, "\0"])
def test_no_remedy_is_empty(endpoint: Endpoint, value: str) -> None:
    """Who gives a wrong value would read what the parameter means, and not what to write."""
    required = {"project": "shop"} if "project" in endpoint.parameters.model_fields else {}
    for name in endpoint.parameters.model_fields:
        try:
            checked(endpoint.parameters, {**required, name: value})
        except BadInputError as error:
            remedy = error.remedy
            assert not remedy.startswith(("It is:", "Correct it.")), (name, value, remedy)


@pytest.mark.parametrize("step", ["each", "test"])
async def test_the_steps_of_a_list_or_a_matrix_are_named(
    ask: Ask, source: Source, step: str
) -> None:
    """What has run a hundred times would be told to have never run."""
    lease = open_workload(source.ledger, "shop/many", "", 1.0, 60.0, lambda _: False)
    begun = step_of(lease.id, source.config.root / "step")
    for label in "abcdefg":
        begin_execution(source.ledger, replace(begun, step=f"{step}[{label}]"))
    refused = (await ask(f"/logs?project=shop&step={step}")).json()
    names = ", ".join(f"{step}[{label}]" for label in "abcde")
    assert refused["detail"] == (
        f"step: was run in shop as {names} and 2 more, each with a log of its own (got '{step}'). "
        f"Name one of them, e.g. {step}[a]."
    )
    assert (await ask(f"/logs?project=shop&step={step}[b]")).json()["lines"] == ["built"]


async def test_a_log_outside_of_the_home_is_not_shown(ask: Ask, source: Source) -> None:
    """A link in the folder of a service would show any file of this user."""
    log = source.config.root / "instance" / LOG
    secret = source.config.root.parent / "outside"
    secret.write_text("not yours\n")
    log.unlink()
    log.symlink_to(secret)
    assert (await ask("/logs?project=shop&service=web")).json()["lines"] == []


async def test_without_its_server_what_looks_like_a_secret_is_hidden(
    ask: Ask, source: Source, prefect_api: FakePrefect
) -> None:
    """While the server is away, logs would show what is hidden otherwise."""
    prefect_api.answers.clear()
    log = source.config.root / "instance" / LOG
    log.write_text("one\ntoken=a1b2c3d4e5\nBearer abcdefgh1234\n")
    shown = (await ask("/logs?project=shop&service=web")).json()["lines"]
    assert shown == ["one", "token=***", "Bearer ***"]


async def test_the_queue_says_who_waits_for_whom(ask: Ask) -> None:
    """Nobody would know why a step does not start, or when it will."""
    (provider,) = (await ask("/queue")).json()["providers"]
    (holder,), (claim,) = provider["holders"], provider["claims"]
    assert holder["owner"].endswith("/build")
    assert claim["owner"].endswith("/test")
    assert (claim["workload"], claim["position"]) == ("shop/tests", 1)
    assert claim["reason"] == "local lacks 1 slot of 1"
    assert 0 < claim["eta_seconds"] <= 30
    assert (await ask("/queue?provider=lokal")).status_code == 404


async def test_other_methods_and_paths_are_refused_with_what_there_is(ask: Ask) -> None:
    """Who mistypes a path would get an empty page."""
    assert "Use GET" in (await ask("/queue", method="POST")).json()["detail"]
    lost = await ask("/queues")
    assert lost.json()["remedy"] == "See /api/slipway/docs."
    assert (lost.status_code, "/api/slipway/queue" in lost.json()["detail"]) == (404, True)


async def test_every_read_is_documented_with_an_example(ask: Ask) -> None:
    """A client could not be generated, or the page would need the internet."""
    document = (await ask("/openapi.json")).json()
    assert list(document["paths"]) == [f"/api/slipway{each.path}" for each in ENDPOINTS]
    for path in document["paths"].values():
        assert path["get"]["responses"]["200"]["content"]["application/json"]["example"]
        assert all(each["description"] for each in path["get"]["parameters"])
    page = (await ask("/docs")).text
    assert all(each.path in page for each in ENDPOINTS)
    assert "src=" not in page
