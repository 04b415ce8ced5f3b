"""Tests of the router's block, without a server."""

from pathlib import Path

import pytest

from blocks.routers.caddy import CaddyRouter

pytestmark = pytest.mark.prefect


def test_block_gives_a_router_of_its_folder(tmp_path: Path) -> None:
    """Otherwise a block made in the UI switches nothing."""
    router = CaddyRouter(directory=tmp_path).router()
    router.route(8300, ["127.0.0.1:1"])
    assert router.upstreams(8300) == ("127.0.0.1:1",)
    assert (tmp_path / "8300" / "current" / "0").read_text() == "127.0.0.1:1"


def test_block_can_be_registered_and_explains_its_fields() -> None:
    """Otherwise `make up` fails to register it, or the form in the UI has no help."""
    block_type = CaddyRouter._to_block_type()
    assert block_type.slug == "slipway-caddy-router"
    assert block_type.description
    assert block_type.code_example
    fields = CaddyRouter.model_fields
    assert all(fields[name].description for name in ("directory", "host", "first_port", "slots"))
