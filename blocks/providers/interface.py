"""The interface of providers, and the values that cross it; free of Prefect."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from blocks.parameter import Decimal, Whole

MAX_CPUS = 1_000_000
MAX_MIB = 1_000_000_000
"""A million GiB."""
MAX_SLOTS = 1_000_000


class Resources(BaseModel):
    """A vector of capacity or demand; every component is an amount at one moment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cpus: Decimal = Field(
        default=0.0,
        ge=0,
        le=MAX_CPUS,
        title="CPUs",
        description="CPU cores; fractions are allowed",
    )
    memory_mib: Whole = Field(
        default=0, ge=0, le=MAX_MIB, title="Memory (MiB)", description="Memory in MiB"
    )
    slots: Whole = Field(
        default=0, ge=0, le=MAX_SLOTS, description="Steps that run at once, whatever their size"
    )

    def __add__(self, other: Resources) -> Resources:
        return Resources.model_construct(  # a sum may be larger than what anybody may ask for
            cpus=round(self.cpus + other.cpus, 6),
            memory_mib=self.memory_mib + other.memory_mib,
            slots=self.slots + other.slots,
        )

    def minus(self, other: Resources) -> Resources:
        """Return what is left of this capacity after ``other``, never below zero."""
        return Resources(
            cpus=max(0.0, round(self.cpus - other.cpus, 6)),
            memory_mib=max(0, self.memory_mib - other.memory_mib),
            slots=max(0, self.slots - other.slots),
        )

    def lacks(self, demand: Resources) -> dict[str, float]:
        """Return what is missing to hold ``demand``, by component; empty when it fits."""
        missing = {
            "cpus": round(demand.cpus - self.cpus, 6),
            "memory_mib": demand.memory_mib - self.memory_mib,
            "slots": demand.slots - self.slots,
        }
        return {name: amount for name, amount in missing.items() if amount > 0}

    def fits(self, demand: Resources) -> bool:
        """Tell whether ``demand`` fits into this capacity."""
        return not self.lacks(demand)


class End(StrEnum):
    """How one execution ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed out"
    OUT_OF_MEMORY = "out of memory"
    PREEMPTED = "preempted"
    LOST = "lost"


class Command(BaseModel):
    """One thing to execute, exactly once: ``directory`` is its identity.

    A provider that is asked to run a command whose directory already holds a running process
    adopts it, and returns the recorded outcome when it has ended.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    argv: tuple[str, ...] = Field(min_length=1)
    directory: Path = Field(description="Absolute; holds the log and the exit record")
    cwd: Path
    environment: dict[str, str] = Field(default_factory=dict, repr=False)
    timeout_seconds: float | None = Field(default=None, gt=0)
    memory_mib: int | None = Field(default=None, gt=0, description="Limit of the process tree")


class Outcome(BaseModel):
    """The outcome of one command; times are seconds since the epoch.

    ``output`` is what the command left for the steps after it, if anything. ``left_behind`` are
    the processes that outlived the first one, which had ended by itself; they were ended then.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    end: End
    cause: str = ""
    exit_code: int | None = None
    started_at: float
    ended_at: float
    cpu_seconds: float = 0.0
    peak_memory_mib: float = 0.0
    log_path: Path | None = None
    output: JsonValue = None
    left_behind: int = 0

    @property
    def seconds(self) -> float:
        """Wall time from start to end."""
        return self.ended_at - self.started_at

    @property
    def succeeded(self) -> bool:
        """Whether the command did what it was asked to."""
        return self.end is End.SUCCEEDED


class Provider(Protocol):
    """Something that executes commands: one implementation a file in this package."""

    name: str
    kind: str
    capacity: Resources
    speed: float
    price_per_hour: float

    async def run(self, command: Command) -> Outcome:
        """Run ``command`` to its end; adopt it when it already runs, stop it when cancelled."""
        ...

    def close(self) -> None:
        """Give back what it keeps between two commands; another `run` may follow."""
        ...
