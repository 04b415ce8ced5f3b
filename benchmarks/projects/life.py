"""The life of one project in a stack, in stages that are each judged by their effect."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.projects import witness
from benchmarks.projects.stack import Operated, Stack
from benchmarks.projects.subject import Keys, Source, Subject, leaves, merged
from tasks.errors import SlipwayError

ENVIRONMENT = "dev"
STAGES = (
    "configure",
    "launch",
    "tests",
    "change",
    "deploy",
    "rollback",
    "backup",
    "restore",
    "stop",
    "launch again",
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a stage: nothing is missing, or what was seen instead.

    ``keys`` is how many keys had to be added by hand for it; ``seconds`` how long it took.
    """

    missing: str
    keys: int = 0
    seconds: float = 0.0

    @property
    def well(self) -> bool:
        """Whether its effect was seen."""
        return not self.missing


@dataclass
class Life:
    """A project in a stack: its source, its folder outside of it, and what is configured now.

    ``added`` counts the keys that were added by hand, ``seen`` is what its tests noted last.
    """

    stack: Stack
    subject: Subject
    source: Source
    folder: Path
    keys: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    workload: dict[str, Any] = field(default_factory=dict)
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    added: int = 0
    seen: list[str] = field(default_factory=list)

    @property
    def uploads(self) -> Path:
        """A folder with something to back up, for a project that keeps nothing itself."""
        return self.folder / "uploads"

    @property
    def notes(self) -> Path:
        """Where tests leave their trace."""
        return self.folder / "notes.txt"

    def configure(self) -> Operated:
        """Have the project loaded as it is configured now."""
        project = {"source": self.source.location}
        if self.source.first:
            project["version"] = self.source.first
        workloads = {"workloads": {"tests": self.workload}} if self.workload else {}
        written = merged(merged(project, workloads), self.keys)
        if self.variables:
            written["environments"] = {ENVIRONMENT: {"variables": self.variables}}
        return self.stack.configure({"projects": {self.subject.name: written}})

    def operate(self, operation: str, **parameters: Any) -> Operated:
        """Have an operation done to the project, in its environment where it takes one."""
        given = {"project": self.subject.name, **parameters}
        if operation != "restore":
            given["environment"] = ENVIRONMENT
        return self.stack.operate(operation, **given)

    def without_or_with(self, keys: Keys, attempt: Callable[[], str]) -> Outcome:
        """Try as it is; where that does not do, with ``keys`` added by hand."""
        missing = attempt()
        if not missing or not keys:
            return Outcome(missing)
        self.keys = merged(self.keys, keys)
        self.added += leaves(keys)
        again = self.configure().failure or attempt()
        missing = f"{again} (without the added keys: {missing})" if again else ""
        return Outcome(missing, leaves(keys))

    def tested(self, version: str = "", at_least: int | None = None) -> str:
        """Run the workload; return what its trace lacks, empty if nothing is missing.

        ``at_least`` so many tests have to be seen, where not all are asked for.
        """
        done = self.operate("run", workload="tests", version=version)
        notes = witness.noted(self.notes)
        wanted = at_least or self.subject.suite.at_least
        if len(notes) < wanted:
            return done.failure or f"Completed, with {len(notes)} of {wanted} tests seen to run"
        failed = [line for line in notes if " failed " in line]
        if failed and done.run.succeeded:
            return f"Completed, with {len(failed)} tests seen to fail"
        self.seen = notes
        return done.failure

    def filled(self, values: Any) -> Any:
        """Fill the project's folder into a change of the configuration."""
        if isinstance(values, Mapping):
            return {name: self.filled(value) for name, value in values.items()}
        return values.replace("{folder}", str(self.folder)) if isinstance(values, str) else values

    def workload_with_trace(self, plugin: Path) -> dict[str, Any]:
        """Return the workload, whose tests leave a trace."""
        workload = dict(self.subject.suite.workload)
        traced = witness.variables(plugin, self.notes, self.subject.name)
        if "steps" not in workload:
            return {**workload, "variables": traced}
        workload["steps"] = [{**step, "variables": traced} for step in workload["steps"]]
        return workload


def lived(stages: Mapping[str, Callable[[], Outcome]]) -> dict[str, Outcome]:
    """Go through the stages in turn, whatever the outcome of those before."""
    outcomes: dict[str, Outcome] = {}
    for name, stage in stages.items():
        began = time.monotonic()
        try:
            outcome = stage()
        except SlipwayError as error:
            outcome = Outcome(" ".join(str(error).split()))
        seconds = time.monotonic() - began
        outcomes[name] = Outcome(outcome.missing, outcome.keys, seconds)
        print(f"  {name:13} {seconds:6.1f} s  {outcome.missing or 'ok'}"[:1000], flush=True)
    return outcomes
