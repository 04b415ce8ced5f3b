"""A headless Chromium, logged in to the UI of a stack."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, NoReturn

import pytest
from matplotlib.image import imread

from stack.auth import read_auth
from tasks.home import Home
from tests.integration.conftest import Stack

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

REQUIRED = "SLIPWAY_REQUIRE_CHROMIUM"
PATIENCE_MILLISECONDS = 120_000
_CLICK_MILLISECONDS = 15_000
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def logged_in(stack: Stack) -> Iterator[Page]:
    """Give a page of the UI behind its login; skip, or fail where a browser is required."""
    program = next(filter(None, map(shutil.which, _PROGRAMS)), "")
    if not program:
        _missing("Chromium is not installed")
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - it may be missing
    except ImportError:
        _missing("playwright is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(_QUIET))
        page = browser.new_page(
            base_url=stack.config.server_url, viewport={"width": 1400, "height": 1000}
        )
        page.set_default_timeout(PATIENCE_MILLISECONDS)
        page.goto("/v2/login")
        page.locator("input[type=password]").fill(read_auth(Home(stack.config.root).auth_file))
        page.locator("button[type=submit]").click()
        page.wait_for_url("**/dashboard**")
        try:
            yield page
        finally:
            browser.close()


def _missing(reason: str) -> NoReturn:
    if os.environ.get(REQUIRED) == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def submitted(page: Page) -> bool:
    """Click on Submit in the form of a run and tell whether the server has made one.

    It has not while the form has yet to take note of what was typed, nor when SQLite was busy: then
    the server answers 503, and the UI leaves it to the user to click again.
    """
    from playwright.sync_api import TimeoutError as NoAnswerError  # noqa: PLC0415 - as above

    try:
        with page.expect_response("**/create_flow_run", timeout=_CLICK_MILLISECONDS) as created:
            page.get_by_role("button", name="Submit").click()
    except NoAnswerError:
        return False
    return created.value.status == HTTPStatus.CREATED


def is_loaded(image: Locator) -> bool:
    """Tell whether the browser has the picture of an `img`."""
    return bool(image.evaluate("image => image.complete && image.naturalWidth > 0"))


def green_share(picture: Locator) -> float:
    """Return the share of strong green, which is that of a completed task, in what is drawn."""
    pixels = imread(io.BytesIO(picture.screenshot()))
    # The line below the graph, which shows the state of the whole run, is of that colour as well.
    red, green, blue = (pixels[: int(len(pixels) * 0.9), :, colour] for colour in range(3))
    return float(((green - red > 0.3) & (green - blue > 0.2)).mean())
