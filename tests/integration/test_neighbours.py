"""Tests of several projects on one stack: values stay apart, and one can be forgotten."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from tests.integration.conftest import Stack

pytestmark = pytest.mark.integration

SERVER = """
import http.server, json, os


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps(dict(os.environ)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


http.server.HTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
"""
KEYS = {"left": "left-api-key-1", "right": "right-api-key-2"}
SHARED = "shared-by-left-3"
TOKEN = "source-token-4"


@pytest.fixture(scope="module")
def surroundings(
    stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, str]]:
    """Give the environment variables of two services, by project, launched in one environment."""
    source: Path = tmp_path_factory.mktemp("neighbours")
    (source / "server.py").write_text(SERVER)
    projects = {
        name: {
            "source": str(source),
            "kind": "procfile",
            "services": {"web": {"command": "python3 server.py", "drain_seconds": 0}},
            "environments": {"dev": {"variables": {"DATABASE": name}, "secrets": {"KEY": key}}},
        }
        for name, key in KEYS.items()
    }
    projects["left"]["credentials"] = {"https://example.org/": TOKEN}
    shared = {"secrets": {"SHARED": SHARED}, "shared_with": ["left"]}
    stack.configure("neighbours", {"projects": projects, "environments": {"dev": shared}})
    return {name: _asked(stack, name) for name in KEYS}


def _asked(stack: Stack, project: str) -> dict[str, str]:
    log = "\n".join(stack.log_lines(stack.done("launch", project=project)))
    match = re.search(r"web at (http://[\d.:]+)", log)
    assert match, log
    variables: dict[str, str] = httpx.get(match[1], trust_env=False, timeout=30).json()
    return variables


def test_no_project_has_the_values_of_another(surroundings: dict[str, dict[str, str]]) -> None:
    """The services of one project would have the keys of another, or its database."""
    left, right = surroundings["left"], surroundings["right"]
    assert (left["DATABASE"], left["KEY"], left["SHARED"]) == ("left", KEYS["left"], SHARED)
    assert (right["DATABASE"], right["KEY"]) == ("right", KEYS["right"])
    assert not {KEYS["left"], SHARED} & set(right.values())


def test_nothing_of_ours_reaches_a_service(
    stack: Stack, surroundings: dict[str, dict[str, str]]
) -> None:
    """A project could use Prefect's API, or read the ledger."""
    password = (stack.config.root / "auth").read_text().strip()
    for variables in surroundings.values():
        assert [name for name in variables if name.startswith("PREFECT_")] == []
        assert [name for name in variables if name.startswith("SLIPWAY_")] == ["SLIPWAY_RUN_ID"]
        assert [name for name, value in variables.items() if password in value] == []


@pytest.mark.usefixtures("surroundings")
def test_who_may_read_blocks_reads_no_secret(stack: Stack) -> None:
    """Prefect's API would show the secrets of every project to whoever asks without them."""
    blocks = str(stack.api.every("/block_documents/filter", {}))
    assert "neighbours" in blocks
    assert [each for each in (*KEYS.values(), SHARED, TOKEN) if each in blocks] == []


@pytest.mark.usefixtures("surroundings")
def test_a_provider_made_in_the_ui_is_used_by_the_next_run(stack: Stack) -> None:
    """Every run without `providers` would fail, or plan as if it were not there."""
    kind = stack.api.call("GET", "/block_types/slug/slipway-shell-provider")["id"]
    query = {"block_schemas": {"block_type_id": {"any_": [kind]}}}
    [schema, *_] = stack.api.every("/block_schemas/filter", query)
    document = {
        "name": "made-in-the-ui",
        "block_type_id": kind,
        "block_schema_id": schema["id"],
        "data": {"cpus": 1, "memory_mib": 64, "slots": 3},
    }
    block = stack.api.call("POST", "/block_documents/", document)
    workload = {"kind": "steps", "steps": [{"id": "look", "run": "true"}]}
    stack.done_here("run", project="left", workload=workload, dry_run=True)
    limit = stack.api.call("GET", "/v2/concurrency_limits/provider:made-in-the-ui")
    assert limit["limit"] == 3
    stack.api.call("DELETE", f"/block_documents/{block['id']}")
    stack.done_here("run", project="left", workload=workload, dry_run=True)
    with pytest.raises(httpx.HTTPStatusError, match="404"):
        stack.api.call("GET", "/v2/concurrency_limits/provider:made-in-the-ui")


@pytest.mark.usefixtures("surroundings")
def test_what_is_forgotten_is_gone_and_its_neighbour_serves_on(stack: Stack) -> None:
    """A project that is no longer wanted would serve, and hold its ports, for ever."""
    run = stack.done("forget", project="right", data="delete")
    assert any("1 instance ended, 1 release removed" in line for line in stack.log_lines(run))
    assert not (stack.config.root / "data" / "right").exists()
    assert not (stack.config.root / "releases" / "right").exists()
    refused = stack.run_here("launch", project="right")
    assert "project: unknown" in refused.message
    assert _asked(stack, "left")["KEY"] == KEYS["left"]
    stack.done_here("forget", project="left", data="delete")
