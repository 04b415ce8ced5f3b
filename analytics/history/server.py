"""An incremental reader of the flow and task runs of a Prefect server, of any flow.

Runs that have ended since the last reading are found by their end; runs that were still going are
read again by their ids. If the server has more older runs than are known, some were entered late,
and everything is read again. This module does not import Prefect: it calls a function that posts to
the API.
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

PAGE_RUNS = 200
MAX_IDS = 100
# Clocks may differ by this much, and a state may arrive this late.
OVERLAP_SECONDS = 900.0
ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
GOING = ("RUNNING", "CANCELLING")
FLOWS = "flow_runs"
TASKS = "task_runs"

Json = dict[str, Any]
Post = Callable[[str, Json], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class ServerRuns:
    """All known runs of a server, by id; ``changed`` is the number of runs that were read."""

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

    async def read(self, run_filter: Json, sort: str) -> None:
        """Read every run that matches ``run_filter``."""
        async for page in pages(self.post, self.kind, run_filter, sort):
            for run in of_flow_runs(as_values(flow_run, self._flow(flow_run)) for flow_run in page):
                self.known[run.id] = run
            self.changed |= {str(flow_run["id"]) for flow_run in page}

    async def settle(self) -> None:
        """Read runs again that were still going; drop those that the server no longer has."""
        before = [id_ for id_, run in self.known.items() if run.state == "running"]
        unread = [id_ for id_ in before if id_ not in self.changed]
        for at in range(0, len(unread), MAX_IDS):
            await self.read({"id": {"any_": unread[at : at + MAX_IDS]}}, "ID_DESC")
        for id_ in set(unread) - self.changed:
            del self.known[id_]

    def _flow(self, flow_run: Json) -> str:
        if self.kind == FLOWS:
            return self.flows.get(flow_run["flow_id"], str(flow_run["flow_id"]))
        return self.flows.get(str(flow_run["flow_run_id"]), "")


async def pages(post: Post, kind: str, run_filter: Json, sort: str) -> AsyncIterator[list[Json]]:
    """Yield the ``flow_runs`` or ``task_runs`` that match ``run_filter``, page by page.

    A run that appears meanwhile moves the later ones by one place, so that one may come twice.
    """
    offset, full = 0, True
    while full:
        body = {kind: run_filter, "sort": sort, "limit": PAGE_RUNS, "offset": offset}
        page = await post(f"/{kind}/filter", body)
        yield page
        offset, full = offset + len(page), len(page) == PAGE_RUNS


async def identity(post: Post, flow: str) -> str:
    """Return the identity of a server: the id that it has given to a flow.

    An address does not identify it: a new server may have the same.
    """
    flow_filter = {"flows": {"name": {"any_": [flow]}}, "limit": 1, "offset": 0}
    return "".join(str(found_flow["id"]) for found_flow in await post("/flows/filter", flow_filter))


async def refreshed(post: Post, archive: Archive, since: float, now: float) -> tuple[Archive, int]:
    """Return the archive with the runs that have changed since, and how many were read."""
    since = reach(archive, since, now)
    note = archive.note
    if archive.until:
        known_runs = {run.id: run for run in archive.runs if run.started_at >= since}
        settled = archive.until - OVERLAP_SECONDS
        read = await _read_both(post, known_runs, _changed(settled))
        if not await _is_incomplete(post, read.runs, since, settled):
            return Archive(archive.source, (*read.runs.values(),), since, now), read.changed
        note = (
            "the server has runs from before the last reading that were missing then: reading "
            "everything again"
        )
    read = await _read_both(post, {}, [(_started(since), "ID_DESC")])
    return Archive(archive.source, (*read.runs.values(),), since, now, note=note), read.changed


def as_values(run: Json, flow: str) -> FlowRun:
    """Return the plain values of one flow or task run as the API gives it."""
    task = "" if "flow_id" in run else re.sub(r"-[0-9a-f]{8}$", "", str(run["task_key"]))
    parameters = json.dumps(run.get("parameters") or {}, sort_keys=True, default=str)
    return FlowRun(
        flow=flow,
        state=str(run["state_type"]),
        started_at=_moment(run["start_time"]),
        ended_at=_moment(run["end_time"]),
        seconds=float(run["total_run_time"]),
        submitted_at=_moment(run["expected_start_time"]),
        id=str(run["id"]),
        task=task.rpartition(".")[2] or task,
        parameters=hashlib.sha256(parameters.encode()).hexdigest()[:12]
        if parameters != "{}"
        else "",
        retries=max(0, int(run.get("run_count") or 0) - 1),
        size=size_of(run.get("parameters") or {}),
    )


def size_of(parameters: Json) -> float:
    """Return the largest number among the parameters; a list or a mapping counts its entries."""
    sizes = [
        float(len(value)) if isinstance(value, list | dict) else float(value)
        for value in parameters.values()
        if isinstance(value, list | dict | int | float) and not isinstance(value, bool)
    ]
    return max([0.0, *filter(isfinite, sizes)])


def _changed(after: float) -> list[tuple[Json, str]]:
    """Return the filters for runs that are still going, and for those that have ended since."""
    ended = {"state": _types(ENDED), "end_time": {"after_": _iso(after)}}
    return [({"state": _types(GOING)}, "ID_DESC"), (ended, "END_TIME_DESC")]


def _started(since: float, until: float | None = None) -> Json:
    between = {"after_": _iso(since)} | ({} if until is None else {"before_": _iso(until)})
    return {"state": _types((*ENDED, *GOING)), "start_time": between}


async def _read_both(
    post: Post, known_runs: Mapping[str, Run], filters: list[tuple[Json, str]]
) -> ServerRuns:
    """Read flow runs, then task runs, which belong to flow runs that are known by then."""
    runs: dict[str, Run] = {}
    changed = 0
    names = await flow_names(post)
    for kind, run_kind in ((FLOWS, FLOW_KIND), (TASKS, TASK_KIND)):
        before = {id_: run for id_, run in known_runs.items() if run.kind == run_kind}
        reader = _Reader(post, kind, names, before)
        for run_filter, sort in filters:
            await reader.read(run_filter, sort)
        await reader.settle()
        runs |= reader.known
        changed += len(reader.changed)
        names = {id_: run.tag for id_, run in runs.items()}
    return ServerRuns(runs, changed)


async def _is_incomplete(post: Post, runs: Mapping[str, Run], since: float, settled: float) -> bool:
    """Return whether the server has more runs that started until ``settled`` than are known.

    Later runs are not counted: a busy server starts runs between the reading and the count.
    """
    for kind, run_kind in ((FLOWS, FLOW_KIND), (TASKS, TASK_KIND)):
        # The server drops old runs that the archive keeps: only those since its oldest count.
        oldest = await _oldest(post, kind, since)
        server_count = await post(f"/{kind}/count", {kind: _started(oldest, settled)})
        known_count = sum(
            run.kind == run_kind and oldest <= run.started_at <= settled for run in runs.values()
        )
        if int(server_count) > known_count:
            return True
    return False


async def _oldest(post: Post, kind: str, since: float) -> float:
    """Return the start of the oldest flow run on the server; ``since`` for task runs."""
    if kind == TASKS:
        return since
    body = {kind: _started(since), "sort": "START_TIME_ASC", "limit": 1, "offset": 0}
    oldest = await post(f"/{kind}/filter", body)
    return max(since, _moment(oldest[0]["start_time"]) or since) if oldest else since


async def flow_names(post: Post) -> dict[str, str]:
    """Return the names of all flows of the server by id."""
    names: dict[str, str] = {}
    while True:
        page = await post("/flows/filter", {"limit": PAGE_RUNS, "offset": len(names)})
        names_of_page = {str(listed_flow["id"]): str(listed_flow["name"]) for listed_flow in page}
        names |= names_of_page
        if len(page) < PAGE_RUNS:
            return names


def _types(names: Iterable[str]) -> Json:
    return {"type": {"any_": [*names]}}


def _iso(at: float) -> str:
    return datetime.fromtimestamp(max(at, 0.0), UTC).isoformat()


def _moment(text: str | None) -> float | None:
    return None if text is None else datetime.fromisoformat(text).timestamp()
