"""Tests of loading the blocks that a flow names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import pytest

from flows.configuration import block_loading
from flows.run_state.secret_redaction import redacted
from tasks.errors import BadInputError, NotFoundError
from tasks.launch.target import Target
from tasks.ledger.connection import Ledger
from tasks.ledger.providers import fleet, provider_names

DOCUMENTS: dict[str, dict[str, dict[str, Any]]] = {
    "slipway-project": {"shop": {"source": "/shop", "version": "2"}},
    "slipway-environment": {
        "dev": {"variables": {"A": "1", "B": "1"}, "shared_with": ["all"]},
        "prod": {"variables": {"B": "2"}, "inherits": "dev", "shared_with": ["shop"]},
    },
    "slipway-shell-provider": {
        "big": {"cpus": 8, "memory_mib": 100, "slots": 8},
        "small": {"cpus": 1, "memory_mib": 100, "slots": 1},
    },
    "slipway-restic-repository": {"local": {"location": "/backups", "password": "x"}},
    "slipway-caddy-router": {},
}


class Limits(dict[str, int]):
    """Prefect's global limits, by name."""

    async def __aenter__(self) -> Self:
        """Be the client."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close nothing."""

    async def upsert_global_concurrency_limit_by_name(self, name: str, limit: int) -> None:
        """Set a limit."""
        self[name] = limit

    async def delete_global_concurrency_limit_by_name(self, name: str) -> None:
        """Remove a limit."""
        self.pop(name, None)


@pytest.fixture
def limits() -> Limits:
    """Give the limits that Prefect has; none at first."""
    return Limits()


@pytest.fixture(autouse=True)
def configured(monkeypatch: pytest.MonkeyPatch, ledger: Ledger, limits: Limits) -> None:
    """Answer for the server, and give a ledger."""

    @contextmanager
    def own_ledger() -> Iterator[Ledger]:
        """Lend the ledger."""
        yield ledger

    monkeypatch.setattr(block_loading, "own_ledger", own_ledger)
    monkeypatch.setattr(block_loading, "get_client", lambda: limits)

    async def documents(slug: str) -> dict[str, dict[str, Any]]:
        """Return what is configured."""
        return DOCUMENTS[slug]

    monkeypatch.setattr(block_loading, "documents", documents)


async def test_a_target_has_what_its_environment_inherits() -> None:
    """Broken: production runs without the variables that it shares with the others."""
    target = await block_loading.load_target("shop", "prod")
    assert (target.spec.source, target.spec.version) == ("/shop", "2")
    assert target.variables == {"A": "1", "B": "2"}


async def test_of_several_targets_each_has_its_own_error() -> None:
    """Broken: one project that cannot be launched keeps all others of the run from it."""
    loaded = await block_loading.load_targets(["shop", "shpo"], "prod")
    assert isinstance(loaded["shop"], Target)
    assert isinstance(loaded["shpo"], NotFoundError)
    loaded = await block_loading.load_targets(["shop"], "pord")
    assert "environment: unknown" in str(loaded["shop"])


async def test_the_secrets_of_all_targets_are_redacted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: in a run on two projects, the password of the first is shown."""
    for name in ("one", "two"):
        fields = {"source": f"/{name}", "secrets": {"prod": {"KEY": f"hunter22-{name}"}}}
        monkeypatch.setitem(DOCUMENTS["slipway-project"], name, fields)
    await block_loading.load_targets(["one", "two"], "prod")
    assert "hunter22" not in redacted("hunter22-one, hunter22-two")


async def test_providers_are_those_named_or_all() -> None:
    """Broken: steps run, and cost, where the user did not want them."""
    assert list(await block_loading.load_providers(["small"])) == ["small"]
    providers = await block_loading.load_providers([])
    assert {name: item.capacity.cpus for name, item in providers.items()} == {"big": 8, "small": 1}


async def test_ledger_and_limits_follow_the_blocks(
    monkeypatch: pytest.MonkeyPatch, ledger: Ledger, limits: Limits
) -> None:
    """Broken: a provider made in the UI breaks every run, and an edited one is planned as before."""
    limits["provider:local"] = 2
    await block_loading.load_providers([])
    assert limits == {"provider:big": 8, "provider:small": 1}
    assert provider_names(ledger) == ["big", "small"]
    fields = {"small": {"cpus": 1, "memory_mib": 100, "slots": 3}}
    monkeypatch.setitem(DOCUMENTS, "slipway-shell-provider", fields)
    await block_loading.load_providers([])
    assert limits == {"provider:small": 3}
    assert fleet(ledger, ["small"], 0.0).providers[0].capacity.slots == 3


@pytest.mark.parametrize(
    ("load", "field", "named"),
    [
        (lambda: block_loading.load_target("shpo", "dev"), "project", "shop"),
        (lambda: block_loading.load_target("shop", "pord"), "environment", "prod"),
        (lambda: block_loading.load_providers(["big", "smal"]), "provider", "small"),
        (lambda: block_loading.load_repository("lcoal"), "repository", "local"),
    ],
)
async def test_an_unknown_name_is_refused_with_the_close_one(
    load: Any, field: str, named: str
) -> None:
    """Broken: a typo becomes an error of Prefect's, or is taken for nothing to do."""
    with pytest.raises(NotFoundError, match=f"did you mean '{named}'") as caught:
        await load()
    assert caught.value.field == field


async def test_without_a_router_none_is_made_up() -> None:
    """Broken: services answer nowhere, and nobody says that `make up` is missing."""
    with pytest.raises(NotFoundError, match="router: unknown; known are: none"):
        await block_loading.load_router()


async def test_a_block_of_an_older_schema_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: a block that was saved by another version raises what only pydantic understands."""
    monkeypatch.setitem(DOCUMENTS["slipway-project"], "old", {"source": "/old", "port": 80})
    with pytest.raises(BadInputError, match=r"projects\.old\.port: unknown key"):
        await block_loading.load_project("old")


async def test_a_value_that_no_provider_or_repository_can_have_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Broken: what was written into a block by the API ends a run in the words of pydantic."""
    bad = {"cpus": "x", "memory_mib": 100, "slots": 3}
    monkeypatch.setitem(DOCUMENTS["slipway-shell-provider"], "odd", bad)
    with pytest.raises(BadInputError, match=r"^providers\.odd\.cpus: .*\(got 'x'\)"):
        await block_loading.load_providers([])
    monkeypatch.setitem(DOCUMENTS["slipway-restic-repository"], "odd", {"location": 7})
    with pytest.raises(BadInputError, match=r"^repositories\.odd\.location: .*\(got 7\)"):
        await block_loading.load_repository("odd")


async def test_the_folders_of_projects_are_named_by_what_they_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Broken: a restore into the data of a project is served by it."""
    shop = {"source": str(tmp_path), "data": ["/srv/shop", "db.sqlite3"]}
    far = {"source": "https://example.org/far.git"}
    monkeypatch.setitem(DOCUMENTS, "slipway-project", {"shop": shop, "far": far})
    folders = await block_loading.project_folders()
    assert folders == {
        "data of shop": [Path("/srv/shop")],
        "data of far": [],
    }
