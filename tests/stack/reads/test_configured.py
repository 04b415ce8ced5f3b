"""Tests of the configuration as reads know it."""

from __future__ import annotations

import pytest

from stack.reads.configured import FRESH_SECONDS, Configured
from tasks.errors import NotFoundError
from tests.stack.conftest import FakePrefect

ROUTE = "GET /block_types/slug/slipway-{}/block_documents?include_secrets=true"
SHOP = {
    "source": "/srv/shop",
    "secrets": {"dev": {"API_KEY": "of the shop"}},
    "credentials": {"https://example.org/": "user:token"},
}


def know(api: FakePrefect, *projects: str) -> None:
    """Have the server know these projects, and an environment with a shared secret."""
    dev = {"secrets": {"SHARED": "of all"}, "shared_with": ["all"]}
    api.answer(ROUTE.format("project"), (200, [{"name": name, "data": SHOP} for name in projects]))
    api.answer(ROUTE.format("environment"), (200, [{"name": "dev", "data": dev}]))


def test_every_secret_of_a_project_is_known(prefect_api: FakePrefect) -> None:
    """A secret that several projects share, or a token of its source, would be shown in logs."""
    know(prefect_api, "shop")
    configured = Configured(prefect_api.client(patience_seconds=0), lambda: 0.0)
    assert configured.secrets("shop") == {"of the shop", "of all", "user:token"}
    assert configured.secrets("gone") is None
    target = configured.targets([("shop", "dev")])["shop", "dev"]
    assert not isinstance(target, Exception)
    assert target.secrets == {"API_KEY": "of the shop", "SHARED": "of all"}
    with pytest.raises(NotFoundError, match="environment: unknown"):
        configured.refuse_unknown("shop", "prod")


def test_it_is_read_again_after_a_moment_and_kept_while_the_server_is_away(
    prefect_api: FakePrefect,
) -> None:
    """Each read would ask the server, or a project configured a minute ago be unknown."""
    now = [0.0]
    know(prefect_api, "shop")
    configured = Configured(prefect_api.client(patience_seconds=0), lambda: now[0])
    assert configured.names() == ["shop"]
    know(prefect_api, "shop", "till")
    assert configured.names() == ["shop"]
    now[0] += FRESH_SECONDS
    assert configured.names() == ["shop", "till"]
    prefect_api.answers.clear()
    now[0] += FRESH_SECONDS
    assert configured.names() == ["shop", "till"]


def test_without_a_server_no_name_is_refused(prefect_api: FakePrefect) -> None:
    """While the server is away, every project would be unknown."""
    configured = Configured(prefect_api.client(patience_seconds=0), lambda: 0.0)
    configured.refuse_unknown("shop", "dev")
    assert not configured.is_known()
    assert configured.targets([("shop", "dev")]) == {}
