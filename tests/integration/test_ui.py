"""Tests of the UI: operations, forms, a finished run with its graph, blocks."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stack.flow_run import FlowRun
from tests.integration.browser import green_share, is_loaded, logged_in, submitted
from tests.integration.conftest import Stack
from tests.integration.observation import artifacts, ended_task_runs, eventually

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.integration, pytest.mark.prefect, pytest.mark.browser]

NAME = "seen"
STEPS = [
    {"id": "first", "run": "true"},
    {"id": "second", "run": "true"},
    {"id": "last", "run": "true", "needs": ["first", "second"]},
]


@pytest.fixture(scope="module")
def page(stack: Stack) -> Iterator[Page]:
    """Give a page of the UI to all tests of this module."""
    with logged_in(stack) as page:
        yield page


@pytest.fixture(scope="module")
def finished(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> FlowRun:
    """Give a run of a tiny workload that is over."""
    source: Path = tmp_path_factory.mktemp(NAME)
    (source / "Procfile").write_text("web: true\n")
    stack.configure(
        NAME,
        {
            "projects": {NAME: {"source": str(source), "kind": "procfile"}},
            "environments": {NAME: {}},
            "providers": {NAME: {"kind": "shell", "cpus": 4, "memory_mib": 512, "slots": 4}},
        },
    )
    workload = {"kind": "steps", "steps": STEPS}
    return stack.done("run", project=NAME, environment=NAME, workload=workload, providers=[NAME])


def test_the_list_has_every_operation(stack: Stack, page: Page) -> None:
    """A user would not find what Slipway can do."""
    page.goto("/v2/deployments?limit=100")
    rows = page.locator("table tbody tr")
    expected = {name.partition("/")[0] for name in stack.api.deployments()}
    assert len(expected) >= 12
    eventually(lambda: rows.count() >= len(expected), "the list is not complete")
    texts = {line for text in rows.all_inner_texts() for line in text.splitlines()}
    assert expected <= {line.strip() for line in texts}


@pytest.mark.parametrize("operation", ["ship", "deploy"])
def test_a_run_is_started_from_its_form(stack: Stack, page: Page, operation: str) -> None:
    """A form would lack a field or its help, or its button start nothing."""
    deployment = stack.api.deployment(f"{operation}/{operation}")
    page.goto(f"/v2/deployments/deployment/{deployment['id']}/run")
    project = f"nowhere-{uuid.uuid4().hex[:8]}"
    page.get_by_label(re.compile(r"^project( \(Optional\))?$")).fill(project)
    form = page.locator("form").inner_text()
    for name, field in deployment["parameter_openapi_schema"]["properties"].items():
        assert name in form.splitlines() or f"{name} (Optional)" in form
        assert " ".join(field["description"].split()) in " ".join(form.split())
    eventually(lambda: submitted(page), "the form has started nothing")
    query = {"deployment_id": {"any_": [deployment["id"]]}}
    runs = stack.api.every("/flow_runs/filter", {"flow_runs": query})
    (started,) = [run["id"] for run in runs if run["parameters"].get("project") == project]
    run_ended = stack.api.wait(started)
    assert not run_ended.succeeded
    assert project in run_ended.message


def test_a_step_follows_its_needs_in_the_graph_and_nothing_else(
    stack: Stack, finished: FlowRun
) -> None:
    """Steps would seem to wait for each other that do not, and the plan to come from nowhere."""
    chain = ["build seen", "split inline", "distribute inline", "allocate inline"]
    ended_task_runs(stack, finished.id, [*chain, "first", "second", "last"])
    nodes = dict(stack.api.call("GET", f"/flow_runs/{finished.id}/graph-v2")["nodes"])
    follows = {
        node["label"]: {nodes[parent["id"]]["label"] for parent in node["parents"]}
        for node in nodes.values()
    }
    steps = {"first": {chain[-1]}, "second": {chain[-1]}, "last": {"first", "second"}}
    assert follows == {
        chain[0]: set(),
        **{after: {before} for before, after in pairwise(chain)},
        **steps,
    }


def test_a_finished_run_shows_its_graph_and_its_artifacts(
    stack: Stack, page: Page, finished: FlowRun
) -> None:
    """A user would see that it has ended, and nothing of what it did."""
    page.goto(f"/v2/runs/flow-run/{finished.id}")
    graph = page.locator("canvas").first
    graph.wait_for()
    eventually(lambda: green_share(graph) > 0.001, "the graph shows no completed task")
    page.get_by_role("tab", name="Artifacts").click()
    for kind in ("split", "plan", "plan-chart", "allocation", "workload", "actual-chart"):
        page.get_by_text(f"{kind}-seen-inline", exact=True).first.wait_for()
    chart = artifacts(stack, finished.id)["actual-chart"]
    page.goto(f"/v2/artifacts/artifact/{chart['id']}")
    picture = page.locator("img[src^='data:image/png']").first
    picture.wait_for()
    eventually(lambda: is_loaded(picture), "the chart is not a picture")
    report = artifacts(stack, finished.id)["workload"]
    page.goto(f"/v2/artifacts/artifact/{report['id']}")
    page.get_by_role("heading", name="inline: succeeded").wait_for()


def test_the_catalogue_shows_our_blocks_with_their_logos(page: Page) -> None:
    """Who searches for Slipway would miss a block, or see a torn picture."""
    page.goto("/v2/blocks/catalog")
    page.get_by_placeholder("Search blocks").fill("slipway")
    page.get_by_text("6 Blocks", exact=True).wait_for()
    logos = page.locator("img[src*='/slipway/']")
    headings = page.get_by_role("heading", name="Slipway ").all_inner_texts()
    assert sorted(headings) == [
        "Slipway Caddy Router",
        "Slipway Environment",
        "Slipway Notification",
        "Slipway Project",
        "Slipway Restic Repository",
        "Slipway Shell Provider",
    ]
    for logo in logos.all():
        eventually(lambda image=logo: is_loaded(image), "a logo is not loaded")  # type: ignore[misc]
