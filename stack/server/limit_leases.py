"""Releases a flow run's lease of a concurrency limit when that limit has been deleted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from prefect.server.concurrency.lease_storage import get_concurrency_lease_storage
from prefect.server.models import concurrency_limits_v2
from prefect.server.orchestration import core_policy


def release_what_is_gone() -> None:
    """Let a flow run end whose concurrency limit was deleted while it held a lease of it.

    Otherwise Prefect's server fails on each new state of the run, which stays Running.
    """
    release = core_policy._release_concurrency_lease  # noqa: SLF001 - nothing else releases it

    async def release_or_forget(session: Any, lease_id: UUID, *args: Any, **kwargs: Any) -> None:
        """Release the lease of one flow run."""
        lease = await get_concurrency_lease_storage().read_lease(lease_id=lease_id)
        try:
            await release(session, lease_id, *args, **kwargs)
        except RuntimeError:
            if lease is None or await _any_limit(session, lease.resource_ids):
                raise
            await get_concurrency_lease_storage().revoke_lease(lease_id=lease.id)

    core_policy._release_concurrency_lease = release_or_forget  # noqa: SLF001 - as above


async def _any_limit(session: Any, ids: Iterable[UUID]) -> bool:
    read: Any = concurrency_limits_v2.read_concurrency_limit
    return any([await read(session, concurrency_limit_id=limit_id) is not None for limit_id in ids])
