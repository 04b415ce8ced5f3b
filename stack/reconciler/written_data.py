"""Watches for files that services write into their serving trees, a few files at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from tasks.events import Event, insight_closed, insight_raised
from tasks.launch.data.carrying import CarryError
from tasks.launch.data.serving import ServingTrees, recorded_trees
from tasks.launch.data.written import look, sentence
from tasks.launch.lock import environment_lock_file, try_lock
from tasks.ledger.connection import Ledger
from tasks.ledger.insights import DATA, RaisedInsight, open_insights, write_insights
from tasks.ledger.instances import instances
from tasks.release import InstanceState

FILES_PER_LOOK = 1_000
"""Files in one look, which takes some 5 ms; a tree of 20,000 files takes twenty looks."""
PASS_SECONDS = 60.0
"""The least time between the starts of two passes over all trees."""


class WrittenDataWatcher:
    """Moves data that replaced a link back to its place, and raises an insight on other data.

    ``announce`` gets the events.
    """

    def __init__(
        self,
        ledger: Ledger,
        home: Path,
        files_per_look: int = FILES_PER_LOOK,
        clock: Callable[[], float] = time.monotonic,
        announce: Callable[[Event], None] = lambda _event: None,
    ) -> None:
        self._ledger, self._home, self._files = ledger, home, files_per_look
        self._announce, self._clock = announce, clock
        self._pass: Iterator[str] = iter(())
        self._begun: float | None = None
        self._refused: dict[Path, str] = {}

    def __call__(self, now: float) -> list[str]:
        """Look at the next files, start a new pass when all were seen; return new messages."""
        messages = list(islice(self._pass, self._files))
        moment = self._clock()
        due = self._begun is None or moment >= self._begun + PASS_SECONDS
        if len(messages) < self._files and due:
            self._pass, self._begun = self._look(now), moment
        return [message for message in messages if message]

    def _look(self, now: float) -> Iterator[str]:
        """Look at every tree that serves; yield ``""`` for each file, and messages."""
        serving = {
            (instance.project, instance.environment): instance.release
            for instance in instances(self._ledger, states=[InstanceState.RUNNING])
        }
        for (project, environment), digest in serving.items():
            trees = recorded_trees(self._home, project, environment)
            tree, pristine = trees.folder / digest, trees.releases / digest
            if not tree.is_dir() or not pristine.is_dir():
                continue
            with try_lock(environment_lock_file(self._home, project, environment)) as alone:
                if alone:
                    yield self._gather(trees, digest)
            paths = []
            for path in look(tree, pristine):
                paths += [path] if path else []
                yield ""
            message = sentence(project, environment, paths) if paths and not trees.stateless else ""
            if self._settle(f"{project}/{environment}", message, now):
                yield message

    def _gather(self, trees: ServingTrees, digest: str) -> str:
        """Move data that replaced a link back to its place; say once if it cannot be now."""
        before = self._refused.pop(trees.folder, "")
        try:
            trees.gather(digest)
        except CarryError as error:  # such as a database that is locked now
            self._refused[trees.folder] = str(error)
            return "" if str(error) == before else f"{error} It is tried again every minute."
        return ""

    def _settle(self, place: str, message: str, now: float) -> bool:
        """Raise, keep or close the insight of an environment; tell whether it is new."""
        raised_before = [
            row for row in open_insights(self._ledger) if (row.kind, row.key) == (DATA, place)
        ]
        if message and not raised_before:
            raised = RaisedInsight(DATA, place, "warning", "", message, now, now, now)
            write_insights(self._ledger, [raised])
            self._announce(insight_raised(DATA, place, raised.severity, message))
        elif message and raised_before[0].size != message:
            write_insights(self._ledger, [replace(raised_before[0], size=message, seen_at=now)])
        elif raised_before and not message:
            [row] = raised_before
            write_insights(self._ledger, [replace(row, seen_at=now, closed_at=now)])
            self._announce(insight_closed(DATA, place, row.severity, row.size))
        return bool(message) and not raised_before
