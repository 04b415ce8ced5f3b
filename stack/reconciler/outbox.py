"""The outbox keeps the reconciler's events until the server has taken them, over restarts as well.

Putting an event into it waits for nothing, so that a server that is away delays no work. An event
keeps its id and its time however often it is sent.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import httpx

from stack.api import ApiError, Json, SlipwayApi
from tasks.events import Event
from tasks.home import write_private

MAX_EVENTS = 1_000
"""How many events are kept for a server that stays away; then the oldest go."""


class Outbox:
    """Keeps events in the file ``path``, and sends them when it is called as a periodic job."""

    def __init__(
        self, path: Path, api: SlipwayApi, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._path, self._api, self._now = path, api, now
        self._turn = threading.Lock()
        self._waiting = read_list(path)

    def put(self, event: Event) -> None:
        """Keep ``event`` for the next sending; it has happened now."""
        document = event.document()
        document |= {"id": str(uuid.uuid4()), "occurred": self._now().isoformat()}
        with self._turn:
            self._waiting = [*self._waiting, document][-MAX_EVENTS:]
            self._record()

    def __call__(self, _now: float) -> list[str]:
        """Send what waits; return a sentence where the server refuses it."""
        with self._turn:
            batch = list(self._waiting)
        if not batch:
            return []
        try:
            self._api.emit(batch)
        except ApiError:
            return []  # the server is away: they wait for the next call
        except httpx.HTTPStatusError as error:
            self._forget(batch)
            return [f"the server refused {len(batch)} events: {error.response.text[:300]}"]
        self._forget(batch)
        return []

    def _forget(self, batch: Sequence[Json]) -> None:
        """Remove what was sent; others may have been put in meanwhile."""
        sent = {document["id"] for document in batch}
        with self._turn:
            self._waiting = [each for each in self._waiting if each["id"] not in sent]
            self._record()

    def _record(self) -> None:
        # On a full disk they wait in memory alone: nothing that is told may fail by it.
        with suppress(OSError):
            write_private(self._path, json.dumps(self._waiting))


def read_list(path: Path) -> list[Json]:
    """Return the events in a file; none where it is missing or torn."""
    try:
        documents = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return []
    return documents if isinstance(documents, list) else []
