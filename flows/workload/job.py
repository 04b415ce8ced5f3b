"""A job, which is one workload of one release to run, and its result."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from blocks.goal import Goal
from blocks.providers.interface import Outcome, Provider
from blocks.workload_spec import SplittableSpec
from tasks.errors import SlipwayError
from tasks.launch.target import Target
from tasks.ledger.plans import StoredPlan
from tasks.observe.summary import WorkloadSummary
from tasks.release import Release
from tasks.reuse.ended_run import EndedRun


@dataclass(frozen=True, slots=True)
class Job:
    """A workload of one release, the providers it may use, and the plan to run again, if any.

    Without a ``goal``, the workload's own goal holds. ``workspace`` is its copy of the release.
    With a ``former`` run, only what failed in it is run again. ``refresh`` has no outcome taken
    from the cache.
    """

    target: Target
    release: Release
    workload: str
    spec: SplittableSpec
    providers: Mapping[str, Provider]
    strategy: str = "planned"
    again: StoredPlan | None = None
    goal: Goal | None = None
    workspace: Release | None = None
    former: EndedRun | None = None
    refresh: bool = False

    @property
    def tree(self) -> Release:
        """The tree in which it is split and run: never the release itself, which may serve."""
        return self.workspace or self.release

    @property
    def key(self) -> str:
        """The workload's identity: a run with the same key resumes what an earlier one left."""
        target = self.target
        # Changed steps are another workload, also under the same name; another goal is not. To
        # repeat what failed is another one too: to resume it must not run what it left out.
        steps = self.spec.model_dump_json(exclude={"goal", "schedule"})
        only = "only what failed" if self.former else ""
        digest = hashlib.sha256(f"{only}{steps}".encode()).hexdigest()[:12]
        where = f"{target.project}/{self.workload}/{target.environment}"
        return f"{where}/{self.release.digest}/{digest}"


@dataclass(frozen=True, slots=True)
class WorkloadEnd:
    """The result of a workload; ``last`` are the outcomes that no other step of it waited for."""

    summary: WorkloadSummary
    last: tuple[Outcome, ...]


class WorkloadFailedError(SlipwayError):
    """A workload in which something failed; ``summary`` names it."""

    def __init__(self, summary: WorkloadSummary) -> None:
        self.summary = summary
        named = "; ".join(f"{name}: {why}" for name, why in summary.failures[:5])
        super().__init__(f"{summary.workload} failed: {named or 'see its steps'}")
