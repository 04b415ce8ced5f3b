"""The operations of a campaign: their parameters, and the effect that each must have."""

from __future__ import annotations

import filecmp
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.chaos import victims
from benchmarks.chaos.field import Field
from benchmarks.chaos.sources import STEPS, TESTS, VERSIONS, rows_of


def _nothing() -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation to start, and the effect that it must have once it is Completed.

    ``missing`` returns what is not there of its effect; ``again`` says whether it is to be asked
    for until it has succeeded; ``over`` marks words of a failure that mean it was done before;
    ``batch`` is that of the notes of its steps.
    """

    name: str
    parameters: Mapping[str, Any]
    missing: Callable[[], str] = _nothing
    again: bool = False
    over: str = "\0"
    batch: str = ""


@dataclass
class Operations:
    """Makes the operations of all lanes; each lane uses its own from one thread."""

    ground: Field
    guest_is_there: bool = False
    token: str = ""
    backed_up: set[int] | None = None
    _numbers: dict[str, count[int]] = field(
        default_factory=lambda: {name: count(1) for name in ("version", "target", "token", "batch")}
    )

    def of_site(self, name: str) -> Operation:
        """Return an operation on the shop."""
        parameters: dict[str, Any] = {"project": "shop"}
        version = ""
        if name in {"deploy", "ship"}:
            version = VERSIONS[next(self._numbers["version"]) % len(VERSIONS)]
            parameters["version"] = version
        if name == "ship":
            parameters["workload"] = ""

        def missing() -> str:
            """Ask the shop which version it is."""
            answered = self.ground.answer(self.ground.shop_port)
            if answered and answered.startswith(version):
                return ""
            return f"{name} of {version or 'what serves'}: it answers {answered!r}"

        return Operation(name, parameters, missing)

    def of_data(self, name: str) -> Operation:
        """Return a backup or a restore of the shop; there is none before the first backup."""
        if name == "restore" and self.backed_up is not None:
            return self._restore(self.backed_up)
        before = self.ground.acknowledged()

        def missing() -> str:
            """Remember what the next restore must hold."""
            self.backed_up = before
            return ""

        return Operation("backup", {"project": "shop"}, missing, again=True)

    def _restore(self, before: set[int]) -> Operation:
        target = self.ground.sources.folder / "restored" / str(next(self._numbers["target"]))

        def missing() -> str:
            """Compare the restored data with the data that was backed up."""
            unlike = self._differs(target, before)
            if unlike:
                self.ground.record.note(self.ground.record.unlike, f"{target.name}: {unlike}")
            return ""

        parameters = {"project": "shop", "target": str(target)}
        return Operation("restore", parameters, missing, again=True)

    def _differs(self, target: Path, before: set[int]) -> str:
        """Return how a restored folder differs from what was there; empty if it does not."""
        databases = list(target.rglob("rows.sqlite"))
        if len(databases) != 1:
            return f"{len(databases)} databases of that name"
        try:
            restored = rows_of(databases[0])
        except sqlite3.DatabaseError as error:
            return f"the database is not sound: {error}"
        live = rows_of(self.ground.sources.rows)
        if lost := before - restored.keys():
            return f"{len(lost)} rows that were there before the backup are missing"
        if more := restored - live:
            return f"{len(more)} rows that were never written"
        names = sorted(path.name for path in (self.ground.sources.data / "media").iterdir())
        places = (self.ground.sources.data / "media", databases[0].parent / "media")
        _, unlike, missing = filecmp.cmpfiles(*places, names, shallow=False)
        left = [path.name for path in target.glob(".*")]
        return f"{unlike + missing + left}" if unlike or missing or left else ""

    def of_clerk(self, name: str) -> Operation:
        """Return an operation on the guest, who comes with `configure` and goes with `forget`."""
        if name == "configure" or not self.guest_is_there:
            return self._configure()
        if name == "forget":
            return Operation(
                name, {"project": "guest"}, self._is_forgotten, again=True, over="unknown"
            )
        if name == "launch":
            return Operation(name, {"project": "guest"}, self._has_token, again=True)
        return Operation(name, {"project": "guest"}, self._is_stopped, again=True)

    def _configure(self) -> Operation:
        token = f"token-{next(self._numbers['token'])}"
        path = self.ground.sources.configure(token)

        def missing() -> str:
            """Remember what the guest has to answer once it is launched."""
            self.token, self.guest_is_there = token, True
            return ""

        return Operation("configure", {"file": str(path)}, missing, again=True)

    def _has_token(self) -> str:
        guest = victims.service(self.ground.home, "guest")
        ports = self.ground.ports_of("guest")
        answered = [self.ground.answer(port) for port in ports]
        if guest and answered and all(text.endswith(self.token) for text in answered):
            return ""
        return f"launch: the guest answers {answered}, not {self.token}"

    def _is_stopped(self) -> str:
        return "stop: the guest still runs" if victims.service(self.ground.home, "guest") else ""

    def _is_forgotten(self) -> str:
        self.guest_is_there = False
        left = [path.name for path in (self.ground.home / "serving").glob("guest/*")]
        if victims.service(self.ground.home, "guest"):
            left.append("a process")
        return f"forget: the guest still has {left}" if left else ""

    def of_jobs(self, name: str) -> Operation:
        """Return a workload under a batch of its own."""
        batch = f"{name}-{next(self._numbers['batch'])}"
        sources, record = self.ground.sources, self.ground.record
        spec = sources.steps(batch) if name == "run" else sources.tests(batch)

        def missing() -> str:
            """Remember that all of its steps must have left a note."""
            record.complete[batch] = STEPS if name == "run" else TESTS
            return ""

        parameters = {"project": "jobs", "workload": spec}
        return Operation("run", parameters, missing, again=True, batch=batch)
