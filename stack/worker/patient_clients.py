"""Prefect's clients, kept from giving up on a server that is away when they first ask it.

They repeat a refused connection only once one has come about, so that a wrong address is told at
once. The address of a stack is right: what is not there yet, or any more, comes back within seconds.
"""

from __future__ import annotations

from prefect.client.base import PrefectHttpxAsyncClient, PrefectHttpxSyncClient


def wait_for_server() -> None:
    """Let every client of this process take it that it has reached the server before."""
    for kind in (PrefectHttpxAsyncClient, PrefectHttpxSyncClient):
        kind._has_connected = property(_always, _ignore)  # type: ignore[assignment] # noqa: SLF001 - there is no setting


def _always(_: object) -> bool:
    return True


def _ignore(_: object, __: bool) -> None:  # noqa: FBT001 - as a setter is called
    pass
