"""Tests of the blocks' logos at addresses of Prefect's own server."""

from __future__ import annotations

from pathlib import Path

import pytest
from prefect.settings import PREFECT_UI_URL, temporary_settings

from blocks.logo import logo, publish_logos

SLUGS = (
    "slipway-caddy-router",
    "slipway-environment",
    "slipway-notification",
    "slipway-project",
    "slipway-restic-repository",
    "slipway-shell-provider",
)


@pytest.mark.parametrize("slug", SLUGS)
def test_the_address_is_where_the_picture_is_copied_to(tmp_path: Path, slug: str) -> None:
    """Broken: the catalogue shows a torn image."""
    publish_logos(tmp_path)
    with temporary_settings({PREFECT_UI_URL: "http://127.0.0.1:4200"}):
        address = logo(slug)
    assert address is not None
    assert address.path is not None
    assert (tmp_path / address.path.lstrip("/")).read_text().startswith("<svg")
