"""Flow and task runs of a server: all at first, then only what has changed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from analytics.history import server as server_runs
from analytics.history.archive import Archive
from analytics.history.runs import FLOW_KIND, TASK_KIND, Run
from analytics.history.server import as_values, identity, refreshed, size_of

NOW = 1_800_000_000.0
HOUR = 3600.0


def moment(at: float | None) -> str | None:
    """Write a moment as the API does."""
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat()


class Server:
    """Answers as the API of a Prefect server does; counts the runs that it was asked for."""

    def __init__(self) -> None:
        self.runs: dict[str, dict[str, dict[str, Any]]] = {"flow_runs": {}, "task_runs": {}}
        self.read = 0

    def add(self, number: int, state: str, started: float, ended: float | None = None) -> str:
        """Enter a flow run, or replace it; return its id."""
        id_ = str(UUID(int=number))
        self.runs["flow_runs"][id_] = {
            "id": id_,
            "flow_id": "f",
            "state_type": state,
            "start_time": moment(started),
            "end_time": moment(ended),
            "expected_start_time": moment(started - 5),
            "total_run_time": 0.0 if ended is None else ended - started,
            "parameters": {"size": 3},
            "run_count": 1,
        }
        return id_

    def add_task(self, number: int, flow_run: str, started: float, ended: float) -> None:
        """Enter a task run that completed at its second attempt."""
        id_ = str(UUID(int=number))
        self.runs["task_runs"][id_] = {
            **self.runs["flow_runs"][flow_run],
            "id": id_,
            "flow_run_id": flow_run,
            "task_key": "shop.build-0a1b2c3d",
            "state_type": "COMPLETED",
            "start_time": moment(started),
            "end_time": moment(ended),
            "run_count": 2,
        }
        del self.runs["task_runs"][id_]["flow_id"]

    async def post(self, path: str, body: dict[str, Any]) -> Any:
        """Answer one request."""
        _, kind, what = path.split("/")
        if kind == "flows":
            return [{"id": "f", "name": "ship"}][body["offset"] :]
        matching = [run for run in self.runs[kind].values() if _matches(run, body[kind])]
        if what == "count":
            return len(matching)
        page = sorted(matching, key=lambda run: str(run["start_time"]))
        page = page[body["offset"] : body["offset"] + body["limit"]]
        if body["limit"] > 1:
            self.read += len(page)
        return page


def _matches(run: dict[str, Any], run_filter: dict[str, Any]) -> bool:
    if "id" in run_filter and run["id"] not in run_filter["id"]["any_"]:
        return False
    if "state" in run_filter and run["state_type"] not in run_filter["state"]["type"]["any_"]:
        return False
    for name in ("start_time", "end_time"):
        if name not in run_filter:
            continue
        after, before = run_filter[name]["after_"], run_filter[name].get("before_", "9")
        if run[name] is None or not after <= run[name] <= before:
            return False
    return True


async def read(
    server: Server, archive: Archive, now: float = NOW
) -> tuple[dict[str, Run], Archive]:
    """Read what has changed; return the runs by id, and the archive."""
    server.read = 0
    refreshed_archive, changed = await refreshed(server.post, archive, NOW - 1000 * HOUR, now)
    assert changed <= server.read
    return {run.id: run for run in refreshed_archive.runs}, refreshed_archive


async def test_at_first_everything_is_read_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """History beyond the first page would be ignored."""
    monkeypatch.setattr(server_runs, "PAGE_RUNS", 5)
    server = Server()
    ids = {server.add(n, "COMPLETED", NOW - n * HOUR, NOW - n * HOUR + 9) for n in range(1, 14)}
    runs, _ = await read(server, Archive("here"))
    assert runs.keys() == ids
    assert {run.kind for run in runs.values()} == {FLOW_KIND}


async def test_later_only_what_has_changed_is_read() -> None:
    """Every night the whole history would go over the wire, or a new run be missed."""
    server = Server()
    for n in range(1, 40):
        server.add(n, "COMPLETED", NOW - n * HOUR, NOW - n * HOUR + 9)
    running = server.add(50, "RUNNING", NOW - 3 * HOUR)
    _, archive = await read(server, Archive("here"))
    server.add(50, "CRASHED", NOW - 3 * HOUR, NOW + HOUR)
    new = server.add(51, "FAILED", NOW + HOUR, NOW + HOUR + 1)
    runs, _ = await read(server, archive, NOW + 2 * HOUR)
    assert server.read == 2
    assert runs[running].state == "crashed"
    assert runs[new].state == "failed"
    assert len(runs) == 41


async def test_what_ran_is_asked_for_by_its_id() -> None:
    """A run whose end was entered late would run for ever, one that was deleted as well."""
    server = Server()
    late, gone = (server.add(n, "RUNNING", NOW - 9 * HOUR) for n in (1, 2))
    _, archive = await read(server, Archive("here"))
    server.add(1, "COMPLETED", NOW - 9 * HOUR, NOW - 8 * HOUR)
    del server.runs["flow_runs"][gone]
    runs, _ = await read(server, archive, NOW + HOUR)
    assert {id_: run.state for id_, run in runs.items()} == {late: "succeeded"}


async def test_runs_that_were_entered_late_are_found() -> None:
    """What a machine reports after a day without network would never be learnt."""
    server = Server()
    server.add(1, "COMPLETED", NOW - 90 * HOUR, NOW - 89 * HOUR)
    _, archive = await read(server, Archive("here"))
    late = server.add(2, "COMPLETED", NOW - 50 * HOUR, NOW - 49 * HOUR)
    runs, archive = await read(server, archive, NOW + HOUR)
    assert late in runs
    assert "reading everything again" in archive.note


async def test_what_starts_during_the_reading_is_left_to_the_next() -> None:
    """A busy server would send its whole history at every training."""
    server = Server()
    for n in range(1, 40):
        server.add(n, "COMPLETED", NOW - n * HOUR, NOW - n * HOUR + 9)
    _, archive = await read(server, Archive("here"))

    async def busy(path: str, body: dict[str, Any]) -> Any:
        if path.endswith("/count"):
            server.add(50, "RUNNING", NOW + HOUR)
        return await server.post(path, body)

    again, changed = await refreshed(busy, archive, NOW - 1000 * HOUR, NOW + HOUR)
    assert (changed, again.note) == (0, "")


async def test_what_the_server_forgets_is_kept() -> None:
    """After thirty days there would be nothing to learn from."""
    server = Server()
    old = server.add(1, "COMPLETED", NOW - 90 * HOUR, NOW - 89 * HOUR)
    server.add(2, "COMPLETED", NOW - 5 * HOUR, NOW - 4 * HOUR)
    _, archive = await read(server, Archive("here"))
    del server.runs["flow_runs"][old]
    runs, archive = await read(server, archive, NOW + HOUR)
    assert old in runs
    assert not archive.note


async def test_a_task_run_is_of_its_flow() -> None:
    """All tasks named build would be one, and one that was retried would look slow."""
    server = Server()
    flow_run = server.add(1, "COMPLETED", NOW - 5 * HOUR, NOW - 4 * HOUR)
    server.add_task(2, flow_run, NOW - 5 * HOUR, NOW - 4 * HOUR)
    runs, _ = await read(server, Archive("here"))
    (task,) = (run for run in runs.values() if run.kind == TASK_KIND)
    assert (task.key, task.name, task.tag, task.retries) == ("flow/ship/build", "build", "ship", 1)


async def test_a_server_is_told_from_another() -> None:
    """The history of a server that is gone would be continued by that of a new one."""
    assert await identity(Server().post, "train") == "f"


def test_equal_parameters_are_alike() -> None:
    """A run with other parameters would be forecast from all of them."""
    server = Server()
    id_ = server.add(1, "COMPLETED", NOW, NOW + 1)
    run = server.runs["flow_runs"][id_]
    digest = as_values(run, "ship").parameters
    assert digest == as_values(run, "other").parameters
    assert digest != as_values({**run, "parameters": {"size": 4}}, "ship").parameters
    assert not as_values({**run, "parameters": {}}, "ship").parameters


@pytest.mark.parametrize(
    ("parameters", "size"),
    [
        ({}, 0),
        ({"project": "shop", "dry_run": True, "note": None}, 0),
        ({"rows": 2000, "chunk": 10.5}, 2000),
        ({"files": ["a", "b", "c"]}, 3),
        ({"low": -5, "worst": float("inf")}, 0),
    ],
)
def test_what_a_run_was_given_has_a_size(parameters: dict[str, Any], size: float) -> None:
    """A run over ten times as many rows would be expected to take as long."""
    assert size_of(parameters) == size
