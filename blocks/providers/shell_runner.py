"""Executes commands as processes of this machine; free of Prefect."""

from __future__ import annotations

import asyncio
import os
import threading
from contextlib import suppress
from dataclasses import dataclass

from blocks.providers.interface import Command, End, Outcome, Resources
from blocks.providers.process.detached import ShimSpec, start, stop, wait
from blocks.providers.process.inherited import inherited


@dataclass(slots=True)  # not frozen: the Provider protocol has plain attributes
class ShellRunner:
    """A provider whose commands outlive us: each runs under a shim of its own.

    Running the same command again (the same directory) adopts it. Cancelling `run` ends the whole
    process tree of the command; the death of our process does not.
    """

    name: str
    capacity: Resources
    speed: float = 1.0
    price_per_hour: float = 0.0
    kind: str = "shell"
    grace_seconds: float = 10.0

    async def run(self, command: Command) -> Outcome:
        """Run ``command`` to its end.

        A command that cannot be executed is a FAILED outcome with exit code 127.

        Raises:
            ShimError: This machine could not start a process at all.
        """
        environment = inherited(os.environ) | command.environment
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
            outcome = await wait(command.directory)
        except BaseException:  # cancelled, or a signal handler raised just here
            await _to_its_end(loop.run_in_executor(None, end))
            raise
        if outcome.end is End.LOST:  # its shim was killed; the processes it left must not go on
            await asyncio.to_thread(stop, command.directory, self.grace_seconds)
        return outcome


async def _to_its_end(work: asyncio.Future[None]) -> None:
    """Wait for ``work`` to end, even if this is cancelled meanwhile."""
    while not work.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait([work])
    work.result()


def _spec(command: Command) -> ShimSpec:
    return ShimSpec(
        directory=command.directory,
        argv=command.argv,
        cwd=command.cwd,
        timeout_seconds=command.timeout_seconds,
        memory_mib=command.memory_mib,
    )
