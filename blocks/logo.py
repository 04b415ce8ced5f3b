"""Publishes our blocks' logos on Prefect's own server, since Prefect takes only HTTP addresses."""

from __future__ import annotations

from pathlib import Path

from prefect.settings import PREFECT_UI_URL
from pydantic import HttpUrl

from blocks.tree import copy

FOLDER = Path(__file__).parent / "logos"
BELOW = "slipway"


def logo(slug: str) -> HttpUrl | None:
    """Return the address of the logo of the block type ``slug``; None if no server is known."""
    server: str | None = PREFECT_UI_URL.value()
    return HttpUrl(f"{server.rstrip('/')}/{BELOW}/{slug}.svg") if server else None


def publish_logos(ui: Path) -> None:
    """Copy the logos to ``ui``, the folder that the server answers `/` from."""
    copy(FOLDER, ui / BELOW)
