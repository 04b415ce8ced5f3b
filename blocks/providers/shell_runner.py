"""Executes commands as processes of this machine; free of Prefect."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from blocks.providers.interface import Command, End, Outcome, Resources
from blocks.providers.process.detached import ShimSpec, start, stop, wait
from blocks.providers.process.inherited import inherited
from blocks.providers.process.lanes import Lanes, to_its_end


@dataclass(slots=True)  # not frozen: the Provider protocol has plain attributes
class ShellRunner:
    """A provider whose commands outlive us: each runs in a lane.

    Running the same command again (the same directory) adopts it. Cancelling `run` ends the whole
    process tree of the command; the death of our process does not. Commands get the environment that
    this process has when the provider is made.
    """

    name: str
    capacity: Resources
    speed: float = 1.0
    price_per_hour: float = 0.0
    kind: str = "shell"
    grace_seconds: float = 10.0
    _inherited: dict[str, str] = field(
        default_factory=lambda: inherited(os.environ), repr=False, compare=False
    )
    _lanes: Lanes = field(default_factory=Lanes, repr=False, compare=False)

    async def run(self, command: Command) -> Outcome:
        """Run ``command`` to its end.

        A command that cannot be executed is a FAILED outcome with exit code 127.

        Raises:
            ShimError: This machine could not start a process at all.
        """
        environment = self._inherited | command.environment
        outcome = await self._lanes.run(_spec(command), environment, self.grace_seconds)
        if outcome is None:  # it was started before, or its lane was killed
            outcome = await self._adopted(command, environment)
        if outcome.end is End.LOST:  # its lane was killed; what that left must not go on
            await asyncio.to_thread(stop, command.directory, self.grace_seconds)
        return outcome

    def close(self) -> None:
        """Let the lanes end that have nothing to do."""
        self._lanes.close()

    async def _adopted(self, command: Command, environment: Mapping[str, str]) -> Outcome:
        """Wait for the command, and start it under a shim where nobody has."""
        loop, started = asyncio.get_running_loop(), threading.Event()

        def begin() -> None:
            """Start the command, and signal that, whether it succeeded or not."""
            try:
                start(_spec(command), environment)
            finally:
                started.set()

        def end() -> None:
            """Stop the command; wait for one that is just starting, or it would be missed."""
            started.wait()
            stop(command.directory, self.grace_seconds)

        try:
            # A future and not a task, as asyncio.run cancels all tasks at its end.
            await asyncio.shield(loop.run_in_executor(None, begin))
            return await wait(command.directory)
        except BaseException:  # cancelled, or a signal handler raised just here
            await to_its_end(loop.run_in_executor(None, end))
            raise


def _spec(command: Command) -> ShimSpec:
    return ShimSpec(
        directory=command.directory,
        argv=command.argv,
        cwd=command.cwd,
        timeout_seconds=command.timeout_seconds,
        memory_mib=command.memory_mib,
    )
