"""Tests of the flow `launch`: what it refuses, and what its run ends with."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from flows import launch
from flows.project import side_by_side
from tasks.launch.convergence import Launched
from tasks.launch.target import Target
from tasks.ledger.connection import Ledger
from tasks.release import Release


@pytest.fixture
def calls(
    home_ledger: Ledger, target: Target, release: Release, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """Let the tasks tell of what they were called with; nothing was ever live."""
    calls: list[str] = []

    async def load_targets(names: list[str], environment: str) -> dict[str, Target]:
        calls.append(f"target {' '.join(names)} {environment}")
        return dict.fromkeys(names, target)

    async def load_router() -> None:
        """Return none: nobody uses it here."""

    async def build(_target: Target, version: str) -> Release:
        calls.append(f"build {version}")
        return release

    async def launched(_target: Target, built: Release, _router: object) -> Launched:
        calls.append(f"launch {built.version}")
        return Launched(built, (), ("web",), (), {"web": "http://127.0.0.1:8300/"})

    async def revive(_target: Target, _router: object) -> None:
        calls.append("revive")

    tasks = SimpleNamespace(build=build, launch=launched, revive=revive)
    monkeypatch.setattr(side_by_side, "load_targets", load_targets)
    monkeypatch.setattr(side_by_side, "load_router", load_router)
    monkeypatch.setattr(launch, "launching", tasks)
    return calls


async def test_a_version_beside_revive_is_refused_before_anything_is_loaded(
    calls: list[str],
) -> None:
    """Broken: what was live comes back, and whoever named a version believes that it runs."""
    state: Any = await launch.launch_flow.fn("shop", version="2", revive=True)
    assert state.is_failed()
    assert "version" in state.message
    assert "launch that version without revive" in state.message
    assert calls == []


@pytest.mark.parametrize(
    ("project", "projects", "field"),
    [("", None, "project: is missing"), ("shop", ["other"], "projects: is given together")],
)
async def test_what_does_not_say_which_projects_are_meant_is_refused(
    calls: list[str], project: str, projects: list[str] | None, field: str
) -> None:
    """Broken: a schedule that names no project, or two ways of naming some, launches anything."""
    state: Any = await launch.launch_flow.fn(project, projects)
    assert state.is_failed()
    assert state.message.startswith(field)
    assert calls == []


async def test_the_version_is_built_then_launched_and_the_addresses_are_the_result(
    calls: list[str],
) -> None:
    """Broken: another version than the one that was asked for serves, or nobody learns where."""
    state: Any = await launch.launch_flow.fn("shop", version="1")
    assert calls == ["target shop dev", "build 1", "launch 1"]
    assert state.data == {"web": "http://127.0.0.1:8300/"}
    assert "web at http://127.0.0.1:8300/" in state.message


async def test_where_nothing_was_live_nothing_is_built(calls: list[str]) -> None:
    """Broken: the reconciler launches what nobody has launched, or ends with a failed run."""
    state: Any = await launch.launch_flow.fn("shop", revive=True)
    assert calls == ["target shop dev", "revive"]
    assert (state.data, state.message) == ({}, "Nothing of shop was live in dev")
