"""Starts flow runs as forks of a process that has imported what they need, on Linux.

A new Python takes two seconds of a core to import Prefect; a fork has imported it. The fork server
is the one of Python's multiprocessing, which reaps its forks and reports how they ended; it ends
once its worker and all its forks have ended. Its forks outlive a killed worker, as other flow runs
do.

A flow run that needs anything else (another command, variables of its own) or whose fork does not
begin is started in a new process, as Prefect does it.
"""

from __future__ import annotations

import io
import multiprocessing.context
import os
import signal
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from multiprocessing import forkserver, reduction
from pathlib import Path
from threading import Thread
from typing import Any, cast

import anyio
from prefect.runner import _starter_engine
from prefect.settings import get_current_settings

from stack.forking import may_fork
from stack.log import say
from stack.registration.work_pool import FLOW_LOG, logged_command
from stack.worker.engine import run_in_fork
from stack.worker.fork_here import fork_here
from stack.worker.handed_over import HandedOver, to_hand_over

PRELOADED = "stack.worker.preloaded"
BEGIN_SECONDS = 15.0
"""How long a fork server may take to import all, and to fork once, before a run goes without it."""
UNKNOWN_EXIT = 255
"""The exit status of a fork whose fork server was killed before it ended."""
_OF_A_RUN = "PREFECT__"
"""The prefix of variables that tell a process which flow run to execute."""

Stamp = tuple[str, int, int]
"""The path, the time of change and the size of a file."""


def stamps(files: Iterable[Path]) -> tuple[Stamp, ...]:
    """Return the stamp of each file that exists."""
    return tuple(stamp for file in files if (stamp := _stamp(file)))


def _stamp(file: Path) -> Stamp | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return str(file), status.st_mtime_ns, status.st_size


class Fork:
    """The process of a flow run, with what Prefect's worker asks of a process."""

    def __init__(self, status: int, pid: int, alive: int) -> None:
        self._status, self.pid = status, pid
        self._ended = os.pidfd_open(pid)
        # As long as somebody has it open, the fork server is there to report.
        self._alive = os.dup(alive)
        self.returncode: int | None = None

    async def wait(self) -> None:
        """Wait until it has ended, and note its exit status.

        The fork server reports it; one that is killed meanwhile reports nothing, and the fork goes
        on.
        """
        await anyio.wait_readable(self._status)
        try:
            self.returncode = forkserver.read_signed(self._status)
        except EOFError:
            await anyio.wait_readable(self._ended)
            self.returncode = UNKNOWN_EXIT

    def close(self) -> None:
        """End it if it runs, as Prefect ends a process that it no longer waits for."""
        if self.returncode is None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._ended, signal.SIGTERM)
        for descriptor in (self._ended, self._alive, self._status):
            os.close(descriptor)


class ForkServer:
    """A process that has imported what flow runs need, and forks for each.

    Args:
        sources: Return the files whose change means that all is to be imported again.
        python: The interpreter of flow runs.
    """

    def __init__(self, sources: Callable[[], Iterable[Path]], python: str = sys.executable) -> None:
        self._sources = sources
        self._command = logged_command(python)
        self._server = forkserver.ForkServer()
        self._stamps: tuple[Stamp, ...] = ()
        # Prefect passes on as variables what a process of this folder reads as settings anyway.
        self._settings = get_current_settings().to_environment_variables(exclude_unset=True)

    def start_here(self) -> None:
        """Start it as a fork of this process, which has imported all; else as a new process."""
        self._stamps = self._read_stamps()
        try:
            here = fork_here() if may_fork() else None
        except OSError as error:
            say(f"the fork server is started as a new process: {error}")
            here = None
        if here is None:
            self.start()
            return
        self._server = here
        self._server.set_forkserver_preload([PRELOADED])

    def start(self) -> None:
        """Start it as a new process; it imports while this one goes on."""
        self._stamps = self._read_stamps()
        self._server = forkserver.ForkServer()
        self._server.set_forkserver_preload([PRELOADED])
        self._server.ensure_running()

    def serves(self, command: list[str], environment: Mapping[str, str]) -> bool:
        """Tell whether a fork does what ``command`` with those variables would do."""
        return command == self._command and all(
            name.startswith(_OF_A_RUN) or value in {os.environ.get(name), self._settings.get(name)}
            for name, value in environment.items()
        )

    async def fork(
        self, environment: Mapping[str, str], folder: Path, handed: HandedOver | None = None
    ) -> Fork | None:
        """Return a new process that executes the flow run of ``environment``; None if none begins."""
        await self._import_what_has_changed()
        fork = await self._begun(_instructions(environment, folder, handed))
        if fork is None:
            say("the fork server does not fork: a flow run is started in a new process")
        return fork

    async def keep_ready(self, seconds: float) -> None:
        """Look every so many seconds that a fork can begin at once.

        What has changed is imported before a flow run needs it, and a killed fork server is replaced.
        """
        while True:
            await anyio.sleep(seconds)
            await self._import_what_has_changed()
            self._server.ensure_running()

    async def _import_what_has_changed(self) -> None:
        if await anyio.to_thread.run_sync(self._read_stamps) != self._stamps:
            say("files have changed: what flow runs need is imported again")
            self.end()
            self.start()

    def end(self) -> None:
        """Let the process end, with the last of its forks."""
        # Its own method to stop it would wait for its forks.
        server = cast("Any", self._server)
        os.close(server._forkserver_alive_fd)  # noqa: SLF001
        Thread(target=os.waitpid, args=(server._forkserver_pid, 0), daemon=True).start()  # noqa: SLF001

    async def _begun(self, instructions: bytes) -> Fork | None:
        alive: int = cast("Any", self._server)._forkserver_alive_fd  # noqa: SLF001
        try:
            status, data = self._server.connect_to_new_process([])
        except OSError:  # it was killed just now
            return None
        fork = None
        try:
            with anyio.move_on_after(BEGIN_SECONDS, shield=True):
                await anyio.wait_readable(status)
                fork = Fork(status, forkserver.read_signed(status), alive)
                _write(data, instructions)
                return fork
        except (EOFError, OSError):  # one of the two was killed
            pass
        finally:
            # A fork that is told nothing, or half of it, ends: no run is ever executed twice.
            os.close(data)
        if fork:
            fork.close()
        else:
            os.close(status)
        return None

    def _read_stamps(self) -> tuple[Stamp, ...]:
        return stamps(self._sources())


def _write(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]


def _instructions(environment: Mapping[str, str], folder: Path, handed: HandedOver | None) -> bytes:
    """Return what a fork reads first: how to prepare (as it is), and the process that it is."""
    log = Path(environment["SLIPWAY_HOME"], FLOW_LOG)
    process = multiprocessing.context.ForkServerProcess(
        target=run_in_fork, args=(dict(environment), folder, log, handed)
    )
    buffer = io.BytesIO()
    # The process holds a key that is only pickled while something says that it starts one.
    multiprocessing.context.set_spawning_popen(cast("Any", process))
    try:
        reduction.dump({}, buffer)
        reduction.dump(process, buffer)
    finally:
        multiprocessing.context.set_spawning_popen(None)
    return buffer.getvalue()


def install(server: ForkServer) -> None:
    """Make Prefect's worker of this process start its flow runs by ``server`` where it can."""
    engine = cast("Any", _starter_engine)
    start_process = engine.run_process

    async def fork_or_start(
        command: list[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        task_status: Any,
        task_status_handler: Callable[[Any], Any],
        **others: Any,
    ) -> Any:
        """Start a process, say that it has begun and wait for its end, as Prefect does."""
        forks = server.serves(command, env)
        fork = await server.fork(env, cwd, to_hand_over.get()) if forks else None
        if fork is None:
            return await start_process(
                command,
                env=env,
                cwd=cwd,
                task_status=task_status,
                task_status_handler=task_status_handler,
                **others,
            )
        try:
            task_status.started(task_status_handler(fork))
            await fork.wait()
        finally:
            fork.close()
        return fork

    engine.run_process = fork_or_start
