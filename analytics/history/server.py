"""Flow and task runs of a Prefect server, of any flow: only those that changed since the last read.

What has ended lies behind a moment that moves on; what still ran when it was last seen is asked
for again by its id. Where the server counts more runs of before that moment than are known, something
was entered late, and all is read anew. Free of Prefect: it is handed a function that posts to the API.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from analytics.history.archive import Archive, reach
from analytics.history.runs import FLOW_KIND, TASK_KIND, FlowRun, Run, of_flow_runs

PAGE = 200
AT_ONCE = 100
# Clocks of other machines may be this far apart, and a state may arrive this late.
OVERLAP_SECONDS = 900.0
ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
GOING = ("RUNNING", "CANCELLING")
FLOWS = "flow_runs"
TASKS = "task_runs"

Json = dict[str, Any]
Post = Callable[[str, Json], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class ServerRuns:
    """All that is known of a server now, by id; ``changed`` is how many runs were read for it."""

    runs: Mapping[str, Run]
    changed: int


@dataclass(slots=True)
class _Reader:
    """Reads one collection, flow runs or task runs."""

    post: Post
    kind: str
    flows: Mapping[str, str]
    known: dict[str, Run]
    changed: set[str] = field(default_factory=set)

    async def read(self, chosen: Json, sort: str) -> None:
        """Take over every run that the filter ``chosen`` lets through."""
        async for page in pages(self.post, self.kind, chosen, sort):
            for run in of_flow_runs(as_values(one, self._flow(one)) for one in page):
                self.known[run.id] = run
            self.changed |= {str(one["id"]) for one in page}

    async def settle(self) -> None:
        """Ask again for what ran when it was last seen; forget what the server has forgotten."""
        before = [id_ for id_, run in self.known.items() if run.state == "running"]
        left = [id_ for id_ in before if id_ not in self.changed]
        for at in range(0, len(left), AT_ONCE):
            await self.read({"id": {"any_": left[at : at + AT_ONCE]}}, "ID_DESC")
        for id_ in set(left) - self.changed:
            del self.known[id_]

    def _flow(self, one: Json) -> str:
        if self.kind == FLOWS:
            return self.flows.get(one["flow_id"], str(one["flow_id"]))
        return self.flows.get(str(one["flow_run_id"]), "")


async def pages(post: Post, kind: str, chosen: Json, sort: str) -> AsyncIterator[list[Json]]:
    """Yield all that the filter ``chosen`` lets through of ``flow_runs`` or ``task_runs``.

    What appears meanwhile moves the later ones by one place, so that one may be given twice.
    """
    offset, full = 0, True
    while full:
        body = {kind: chosen, "sort": sort, "limit": PAGE, "offset": offset}
        page = await post(f"/{kind}/filter", body)
        yield page
        offset, full = offset + len(page), len(page) == PAGE


async def identity(post: Post, flow: str) -> str:
    """Return what tells this server from another: the id that it has given to a flow.

    An address says less: a server that was set up anew may have the same.
    """
    chosen = {"flows": {"name": {"any_": [flow]}}, "limit": 1, "offset": 0}
    return "".join(str(one["id"]) for one in await post("/flows/filter", chosen))


async def refreshed(post: Post, held: Archive, since: float, now: float) -> tuple[Archive, int]:
    """Return the archive with what has changed meanwhile, and how many runs were read for that."""
    since = reach(held, since, now)
    note = held.note
    if held.until:
        known = {run.id: run for run in held.runs if run.started_at >= since}
        settled = held.until - OVERLAP_SECONDS
        read = await _both(post, known, _changed(settled))
        if not await _lacks(post, read.runs, since, settled):
            return Archive(held.source, (*read.runs.values(),), since, now), read.changed
        note = (
            "the server has runs of before the last reading that were not there: reading all anew"
        )
    read = await _both(post, {}, [(_started(since), "ID_DESC")])
    return Archive(held.source, (*read.runs.values(),), since, now, note=note), read.changed


def as_values(one: Json, flow: str) -> FlowRun:
    """Return the plain values of one flow or task run as the API gives it."""
    task = "" if "flow_id" in one else re.sub(r"-[0-9a-f]{8}$", "", str(one["task_key"]))
    given = json.dumps(one.get("parameters") or {}, sort_keys=True, default=str)
    return FlowRun(
        flow=flow,
        state=str(one["state_type"]),
        started_at=_moment(one["start_time"]),
        ended_at=_moment(one["end_time"]),
        seconds=float(one["total_run_time"]),
        submitted_at=_moment(one["expected_start_time"]),
        id=str(one["id"]),
        task=task.rpartition(".")[2] or task,
        parameters=hashlib.sha256(given.encode()).hexdigest()[:12] if given != "{}" else "",
        retries=max(0, int(one.get("run_count") or 0) - 1),
        size=size_of(one.get("parameters") or {}),
    )


def size_of(parameters: Json) -> float:
    """Return the largest number among what a run was given; a list or a mapping counts its entries."""
    sizes = [
        float(len(value)) if isinstance(value, list | dict) else float(value)
        for value in parameters.values()
        if isinstance(value, list | dict | int | float) and not isinstance(value, bool)
    ]
    return max([0.0, *filter(isfinite, sizes)])


def _changed(after: float) -> list[tuple[Json, str]]:
    """Return the filters of what goes on, and of what has ended since."""
    ended = {"state": _types(ENDED), "end_time": {"after_": _said(after)}}
    return [({"state": _types(GOING)}, "ID_DESC"), (ended, "END_TIME_DESC")]


def _started(since: float, until: float | None = None) -> Json:
    between = {"after_": _said(since)} | ({} if until is None else {"before_": _said(until)})
    return {"state": _types((*ENDED, *GOING)), "start_time": between}


async def _both(post: Post, known: Mapping[str, Run], wanted: list[tuple[Json, str]]) -> ServerRuns:
    """Read flow runs, and then task runs, whose flows are known by then."""
    runs: dict[str, Run] = {}
    changed = 0
    names = await flow_names(post)
    for kind, of in ((FLOWS, FLOW_KIND), (TASKS, TASK_KIND)):
        before = {id_: run for id_, run in known.items() if run.kind == of}
        reader = _Reader(post, kind, names, before)
        for chosen, sort in wanted:
            await reader.read(chosen, sort)
        await reader.settle()
        runs |= reader.known
        changed += len(reader.changed)
        names = {id_: run.tag for id_, run in runs.items()}
    return ServerRuns(runs, changed)


async def _lacks(post: Post, runs: Mapping[str, Run], since: float, settled: float) -> bool:
    """Tell whether the server has more runs than are known of what had started until ``settled``.

    What starts later is not counted: a busy server starts runs between the reading and the count.
    """
    for kind, of in ((FLOWS, FLOW_KIND), (TASKS, TASK_KIND)):
        # The server forgets runs that are kept here: only what is younger than its oldest counts.
        oldest = await _oldest(post, kind, since)
        there = await post(f"/{kind}/count", {kind: _started(oldest, settled)})
        here = sum(run.kind == of and oldest <= run.started_at <= settled for run in runs.values())
        if int(there) > here:
            return True
    return False


async def _oldest(post: Post, kind: str, since: float) -> float:
    """Return when the oldest run started that the server remembers, by the ids of flow runs."""
    if kind == TASKS:
        return since
    body = {kind: _started(since), "sort": "START_TIME_ASC", "limit": 1, "offset": 0}
    found = await post(f"/{kind}/filter", body)
    return max(since, _moment(found[0]["start_time"]) or since) if found else since


async def flow_names(post: Post) -> dict[str, str]:
    """Return the names of all flows of the server by id."""
    found: dict[str, str] = {}
    while True:
        page = await post("/flows/filter", {"limit": PAGE, "offset": len(found)})
        new = {str(one["id"]): str(one["name"]) for one in page}
        found |= new
        if len(page) < PAGE:
            return found


def _types(names: Iterable[str]) -> Json:
    return {"type": {"any_": [*names]}}


def _said(moment: float) -> str:
    return datetime.fromtimestamp(max(moment, 0.0), UTC).isoformat()


def _moment(said: str | None) -> float | None:
    return None if said is None else datetime.fromisoformat(said).timestamp()
