"""The traces of a stack that are visible from outside: processes, files, rows and flow runs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.projects.stack import Stack

_PASSING = ("logs", "prefect", "tmp", "router", "backups")
"""Folders of the home in which the stack itself writes all the time."""
_SAMPLED = frozenset({"samples", "alembic_version"})
_OWN = "stack"


@dataclass(frozen=True, slots=True)
class Traces:
    """The traces at one moment; of flow runs only those that somebody has requested."""

    processes: frozenset[str]
    files: frozenset[str]
    rows: frozenset[str]
    flow_runs: frozenset[str]

    def beyond(self, before: Traces) -> list[str]:
        """Return what was not there before."""
        return [
            *(f"process {each}" for each in sorted(self.processes - before.processes)),
            *(f"file {each}" for each in sorted(self.files - before.files)),
            *(f"rows {each}" for each in sorted(self.rows - before.rows)),
            *(f"flow run {each}" for each in sorted(self.flow_runs - before.flow_runs)),
        ]


def traces(stack: Stack) -> Traces:
    """Look once."""
    asked_for = {"flow_runs": {"tags": {"is_null_": False}}}
    runs = [run for run in stack.api.every("/flow_runs/filter", asked_for) if _is_asked_for(run)]
    return Traces(
        frozenset(_processes(stack.home)),
        frozenset(_files(stack.home)),
        frozenset(_rows(stack.home / "ledger.db")),
        frozenset(f"{run['id']} {run['name']}" for run in runs),
    )


def _is_asked_for(run: dict[str, object]) -> bool:
    return not run["auto_scheduled"]


def _processes(home: Path) -> Iterator[str]:
    """Yield the processes of the stack, except its own parts and scheduled flow runs."""
    for process in psutil.process_iter():
        try:
            variables, command = process.environ(), process.cmdline()
        except psutil.Error:
            continue
        own = any(_OWN in word for word in command)
        if variables.get("SLIPWAY_HOME") == str(home) and not own and command:
            yield f"{process.pid} {' '.join(command)[:100]}"


def _files(home: Path) -> Iterator[str]:
    for path in home.rglob("*"):
        below = path.relative_to(home)
        if below.parts[0] not in _PASSING and len(below.parts) > 1:
            yield str(below)


def _rows(ledger: Path) -> Iterator[str]:
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as database:
        named = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (name,) in named:
            if not any(each in name for each in _SAMPLED):
                # What was refused while it was built is kept as an ended rollout, as its run is.
                condition = "WHERE phase <> 'reverted'" if name == "rollouts" else ""
                query = f'SELECT count(*) FROM "{name}" {condition}'  # noqa: S608 - a name of its own
                yield f"{name}: {database.execute(query).fetchone()[0]}"
