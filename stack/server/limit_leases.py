"""The places that flow runs hold of concurrency limits, where such a limit is taken away."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from prefect.server.concurrency.lease_storage import get_concurrency_lease_storage
from prefect.server.models import concurrency_limits_v2
from prefect.server.orchestration import core_policy


def release_what_is_gone() -> None:
    """Have a flow run end whose limit was taken away while it held a place of it.

    Prefect's server fails over each state of it otherwise, and it stays Running.
    """
    release = core_policy._release_concurrency_lease  # noqa: SLF001 - nothing else releases it

    async def release_or_forget(session: Any, lease_id: UUID, *given: Any, **named: Any) -> None:
        """Release the lease of one flow run."""
        lease = await get_concurrency_lease_storage().read_lease(lease_id=lease_id)
        try:
            await release(session, lease_id, *given, **named)
        except RuntimeError:
            if lease is None or await _any_limit(session, lease.resource_ids):
                raise
            await get_concurrency_lease_storage().revoke_lease(lease_id=lease.id)

    core_policy._release_concurrency_lease = release_or_forget  # noqa: SLF001 - as above


async def _any_limit(session: Any, ids: Iterable[UUID]) -> bool:
    read: Any = concurrency_limits_v2.read_concurrency_limit
    return any([await read(session, concurrency_limit_id=each) is not None for each in ids])
