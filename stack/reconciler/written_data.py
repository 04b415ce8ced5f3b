"""Watches, a little at a time, what services write into the trees they run in."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from tasks.launch.carrying import CarryError
from tasks.launch.lock import place_lock, unless_taken
from tasks.launch.serving import ServingTrees, recorded_trees
from tasks.launch.written import look, sentence
from tasks.ledger.connection import Ledger
from tasks.ledger.insights import DATA, RaisedInsight, open_insights, write_insights
from tasks.ledger.instances import instances
from tasks.release import InstanceState

FILES_A_LOOK = 1_000
"""So many take some 5 ms; a tree of 20,000 files is seen in twenty looks."""
ROUND_SECONDS = 60.0
"""So often a small tree is seen."""


class Belongings:
    """Brings home what was put in the place of a link, and raises what nobody carries over."""

    def __init__(
        self,
        ledger: Ledger,
        home: Path,
        files_a_look: int = FILES_A_LOOK,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ledger, self._home, self._files = ledger, home, files_a_look
        self._clock = clock
        self._round: Iterator[str] = iter(())
        self._begun: float | None = None
        self._refused: dict[Path, str] = {}

    def __call__(self, now: float) -> list[str]:
        """Go on looking, and begin anew when all was seen; say what is new."""
        seen = list(islice(self._round, self._files))
        moment = self._clock()
        due = self._begun is None or moment >= self._begun + ROUND_SECONDS
        if len(seen) < self._files and due:
            self._round, self._begun = self._look(now), moment
        return [sentence for sentence in seen if sentence]

    def _look(self, now: float) -> Iterator[str]:
        """Look at every tree that serves; yield an empty text for a file, or what is to be said."""
        serving = {
            (one.project, one.environment): one.release
            for one in instances(self._ledger, states=[InstanceState.RUNNING])
        }
        for (project, environment), digest in serving.items():
            trees = recorded_trees(self._home, project, environment)
            tree, pristine = trees.folder / digest, trees.releases / digest
            if not tree.is_dir() or not pristine.is_dir():
                continue
            with unless_taken(place_lock(self._home, project, environment)) as alone:
                if alone:
                    yield self._gather(trees, digest)
            paths = []
            for path in look(tree, pristine):
                paths += [path] if path else []
                yield ""
            said = sentence(project, environment, paths) if paths and not trees.stateless else ""
            if self._settle(f"{project}/{environment}", said, now):
                yield said

    def _gather(self, trees: ServingTrees, digest: str) -> str:
        """Bring home what is no longer a link; say once why that is not possible now."""
        before = self._refused.pop(trees.folder, "")
        try:
            trees.gather(digest)
        except CarryError as error:  # such as a database that is locked now
            self._refused[trees.folder] = str(error)
            return "" if str(error) == before else f"{error} It is tried again every minute."
        return ""

    def _settle(self, place: str, said: str, now: float) -> bool:
        """Raise, keep or close the insight of a place; tell whether it is new."""
        known = [row for row in open_insights(self._ledger) if (row.kind, row.key) == (DATA, place)]
        if said and not known:
            raised = RaisedInsight(DATA, place, "warning", "", said, now, now, now)
            write_insights(self._ledger, [raised])
        elif said and known[0].size != said:
            write_insights(self._ledger, [replace(known[0], size=said, seen_at=now)])
        elif known and not said:
            write_insights(self._ledger, [replace(known[0], seen_at=now, closed_at=now)])
        return bool(said) and not known
