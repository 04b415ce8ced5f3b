"""Tests that a flow run ends though its concurrency limit was deleted."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from prefect.server.models import concurrency_limits_v2
from prefect.server.orchestration import core_policy

from stack.server import limit_leases

pytestmark = pytest.mark.prefect


@pytest.mark.parametrize("is_there", [False, True])
async def test_a_place_of_a_limit_that_is_gone_counts_as_given_back(
    monkeypatch: pytest.MonkeyPatch, is_there: bool
) -> None:
    """Broken: what has done all its work is Running for ever, and then Crashed."""
    lease, limit = uuid4(), uuid4()
    revoked: list[UUID] = []

    class Storage:
        """Keeps one lease."""

        async def read_lease(self, lease_id: UUID) -> Any:
            """Return it."""
            return SimpleNamespace(id=lease_id, resource_ids=[limit], metadata=None)

        async def revoke_lease(self, lease_id: UUID) -> None:
            """Take it back."""
            revoked.append(lease_id)

    async def decrement(**_: Any) -> bool:
        """Find no limit to count."""
        return False

    async def read(*_: Any, **__: Any) -> Any:
        """Return the limit, if it is there."""
        return SimpleNamespace() if is_there else None

    storage = Storage()
    for module in (core_policy, limit_leases):
        monkeypatch.setattr(module, "get_concurrency_lease_storage", lambda: storage)
    monkeypatch.setattr(concurrency_limits_v2, "bulk_decrement_active_slots", decrement)
    monkeypatch.setattr(concurrency_limits_v2, "read_concurrency_limit", read)
    release = core_policy._release_concurrency_lease
    monkeypatch.setattr(core_policy, "_release_concurrency_lease", release)
    limit_leases.release_what_is_gone()
    given_back = core_policy._release_concurrency_lease(session=None, lease_id=lease)  # type: ignore[arg-type]
    if is_there:
        with pytest.raises(RuntimeError, match="Failed to release"):
            await given_back
    else:
        await given_back
    assert revoked == ([] if is_there else [lease])
