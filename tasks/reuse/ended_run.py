"""The record of a run that has ended: how each step ended, and which tests succeeded.

It lies beside the logs of the run and goes with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from blocks import durable_file
from blocks.providers.interface import Outcome

FILE = "ended.json"


@dataclass(frozen=True, slots=True)
class EndedStep:
    """How one step ended: its state, its declaration (a digest) and its outcome, if it has one.

    ``group`` is the step of whose list it is an item, if it is one.
    """

    state: str
    declaration: str = ""
    outcome: Outcome | None = None
    group: str = ""


@dataclass(frozen=True, slots=True)
class EndedRun:
    """A run of a workload that has ended.

    Attributes:
        workload: Its id, which is also the name of its workspace.
        release: The digest of its release.
        ended_at: When it ended, epoch seconds.
        suite: A digest of how its tests were run; empty without tests.
        steps: Its steps by id, with the items of lists, and with those that it took over itself.
        passed: The ids of the tests that succeeded in it, or that it took over itself.
    """

    workload: str
    release: str
    ended_at: float
    suite: str
    steps: Mapping[str, EndedStep]
    passed: tuple[str, ...] = ()

    @property
    def succeeded(self) -> bool:
        """Whether no step failed or was left out."""
        return all(step.state in {"succeeded", "skipped"} for step in self.steps.values())


_FORMAT = TypeAdapter(EndedRun)


def keep_ended(folder: Path, run: EndedRun) -> None:
    """Write the record into ``folder``, that of the run; readable by its owner only."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    durable_file.write(str(folder / FILE), _FORMAT.dump_json(run))


def kept_ended(folder: Path) -> EndedRun | None:
    """Return the record in ``folder``; None without one."""
    try:
        return _FORMAT.validate_json((folder / FILE).read_bytes())
    except FileNotFoundError:
        return None
