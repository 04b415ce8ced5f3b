"""Tests of the flow `status`: names that nobody has configured differ from ones that do not run."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import pytest

from flows import status
from tasks.errors import BadInputError
from tasks.launch.target import Target
from tasks.ledger.connection import Ledger


@pytest.fixture(autouse=True)
def _nothing_runs(home_ledger: Ledger, target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    async def rows(*_: object) -> list[Any]:
        return []

    async def load_project(name: str) -> Any:
        if name != "shop":
            raise BadInputError("project", name, "is not configured", "Configure it.")
        return target.spec

    async def load_environments() -> dict[str, Any]:
        return {}

    monkeypatch.setattr(status, "observing", SimpleNamespace(status=rows))
    monkeypatch.setattr(status, "load_project", load_project)
    monkeypatch.setattr(status, "load_environments", load_environments)
    monkeypatch.setattr(status, "get_run_logger", lambda: logging.getLogger("run"))


async def test_a_project_of_which_nothing_runs_has_no_rows() -> None:
    """Broken: an empty answer is a failed run."""
    state: Any = await status.status_flow.fn("shop")
    assert state.is_completed()
    assert state.data == []


@pytest.mark.parametrize(("project", "environment"), [("shpo", ""), ("", "prdo")])
async def test_a_name_that_nobody_has_configured_is_refused(project: str, environment: str) -> None:
    """Broken: who mistypes a name believes that nothing runs there."""
    state: Any = await status.status_flow.fn(project, environment=environment)
    assert state.is_failed()
    assert (project or environment) in state.message
