"""Makes Prefect's clients retry their first request while the server does not answer.

They retry a refused connection only after one has succeeded, so that a wrong address is reported at
once. The address of a stack is right, and a server that is away comes back within seconds.
"""

from __future__ import annotations

from prefect.client.base import PrefectHttpxAsyncClient, PrefectHttpxSyncClient


def wait_for_server() -> None:
    """Make every client of this process assume that it has reached the server before."""
    for kind in (PrefectHttpxAsyncClient, PrefectHttpxSyncClient):
        kind._has_connected = property(_always, _ignore)  # type: ignore[assignment] # noqa: SLF001 - there is no setting


def _always(_: object) -> bool:
    return True


def _ignore(_: object, __: bool) -> None:  # noqa: FBT001 - as a setter is called
    pass
