"""Tests of the flow `restart`: its result, and that the project counts as used meanwhile."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from flows import restart
from flows.project import side_by_side
from tasks.errors import BusyError
from tasks.launch import usage
from tasks.launch.convergence import Launched
from tasks.launch.target import Target
from tasks.launch.usage import unused
from tasks.ledger.connection import Ledger
from tasks.release import Release
from tasks.settings import settings


async def test_the_addresses_are_the_result_and_the_project_is_in_use(
    home_ledger: Ledger, target: Target, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: a project is forgotten while its services are being started anew."""
    monkeypatch.setattr(usage, "_PATIENCE_SECONDS", 0.1)
    refusals: list[str] = []

    async def load_targets(names: list[str], _environment: str) -> dict[str, Target]:
        return dict.fromkeys(names, target)

    async def load_router() -> None:
        """Return none: nobody uses it here."""

    async def anew(_target: Target, _router: object) -> Launched:
        with pytest.raises(BusyError) as refusal, unused(settings().root, "shop"):
            pass
        refusals.append(str(refusal.value))
        return Launched(release, (), ("web",), ("old",), {"web": "http://127.0.0.1:8300/"})

    monkeypatch.setattr(side_by_side, "load_targets", load_targets)
    monkeypatch.setattr(side_by_side, "load_router", load_router)
    monkeypatch.setattr(restart, "launching", SimpleNamespace(restart=anew))
    state: Any = await restart.restart_flow.fn("shop")
    assert state.data == {"web": "http://127.0.0.1:8300/"}
    assert "1 started" in state.message
    assert "shop is being used by" in refusals[0]
    with unused(settings().root, "shop"):
        pass
