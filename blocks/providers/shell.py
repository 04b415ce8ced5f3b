"""The block that makes this machine a provider of steps; `shell_runner` does the work."""

from __future__ import annotations

import os

import psutil
from prefect.blocks.core import Block
from pydantic import Field, HttpUrl

from blocks.logo import logo
from blocks.parameter import Decimal, Whole
from blocks.providers.interface import Resources
from blocks.providers.shell_runner import ShellRunner

_MEMORY_SHARE = 0.8


def _cores() -> int:
    return os.cpu_count() or 1


def _memory_mib() -> int:
    """Return four fifths of the memory; the rest is for the system, the services and their user."""
    return int(psutil.virtual_memory().total / 1024**2 * _MEMORY_SHARE)


class ShellProvider(Block):
    """Executes steps as processes of this machine, each under limits, adoptable after a crash.

    Example:
        ```python
        from blocks.providers.shell import ShellProvider

        ShellProvider(cpus=4, memory_mib=8192, slots=4).save("local")
        ```
    """

    _block_type_name = "Slipway Shell Provider"
    _block_type_slug = "slipway-shell-provider"
    _logo_url = logo("slipway-shell-provider")
    _description = "Executes steps of workloads as processes of this machine, within its capacity."
    _documentation_url = HttpUrl("https://docs.prefect.io/v3/concepts/blocks")

    cpus: Decimal = Field(
        default_factory=_cores,
        gt=0,
        title="CPUs",
        description="CPU cores it may hand out; empty: all",
    )
    memory_mib: Whole = Field(
        default_factory=_memory_mib,
        gt=0,
        title="Memory (MiB)",
        description="Memory it may hand out; empty: 80 % of this machine's",
    )
    slots: Whole = Field(
        default_factory=_cores, ge=1, description="Steps that run at once; empty: one per CPU core"
    )
    speed: Decimal = Field(
        default=1.0, gt=0, description="How fast it is: 2 takes half the time of a 1"
    )
    price_per_hour: Decimal = Field(
        default=0.0,
        ge=0,
        title="Price per hour",
        description="What an hour of one step costs here; plans add it up",
    )

    def provider(self, name: str) -> ShellRunner:
        """Return what executes commands with this capacity, under that name."""
        return ShellRunner(
            name=name,
            capacity=Resources(cpus=self.cpus, memory_mib=self.memory_mib, slots=self.slots),
            speed=self.speed,
            price_per_hour=self.price_per_hour,
        )
