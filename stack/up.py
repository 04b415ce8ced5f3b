"""`make up`: starts server, worker, router, reconciler and reads, waits for them, registers everything.

It does not import Prefect, so that a second call with nothing to do takes less than a second.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from blocks.file_system import full_file_system, tells_no_room
from stack.api import SlipwayApi
from stack.auth import ensure_auth
from stack.down import stop_stack
from stack.endings import crash_looping_parts, reason
from stack.environment import stack_environment
from stack.lock import exclusive
from stack.parts import all_inputs, parts
from stack.port_check import WantedPort, require_free
from stack.readiness import (
    ROUTER_BLOCK,
    answering,
    knows,
    wait_for,
    work_pool_exists,
    worker_name,
)
from stack.record_recovery import recollect
from stack.registration.fingerprint import fingerprint, sources
from stack.room import require_room, require_room_left
from stack.runs.abandoned import crash_abandoned
from stack.server.host_names import OPEN, refuse_open
from stack.supervision import spawn, start_supervisor
from stack.takeover import procfile, running_mark, take_over
from stack.temporary import clear_temporary_folder, make_temporary_folder
from tasks.errors import SlipwayError
from tasks.home import PROGRAMS, Home
from tasks.ledger.connection import open_ledger
from tasks.ledger.hosts import claim_ledger, this_host
from tasks.settings import Settings, settings


class StackError(SlipwayError):
    """A part of the stack did not start; the message holds the end of its log."""


def wanted_ports(config: Settings) -> list[WantedPort]:
    """Return every port the stack binds."""
    fronts = range(config.router_port, config.router_port + config.router_slots)
    return [
        WantedPort(config.server_port, "SLIPWAY_SERVER_PORT", "Prefect server"),
        *(WantedPort(port, "SLIPWAY_ROUTER_PORT", "router") for port in fronts),
    ]


def up(config: Settings, root: Path, *, take: bool = False) -> str:
    """Bring the stack up from whatever state it is in.

    Args:
        config: The settings.
        root: Folder of the Procfile and prefect.yaml.
        take: Take the ledger over from another host, which is gone.

    Returns:
        A sentence on what was done.

    Raises:
        BadInputError: A port is taken, there is too little room, another host acts on the ledger,
            or other machines would be asked for no password; nothing was started. Or the disk is
            full by now; everything that was started is stopped again.
        StackError: A part does not answer; everything that was started is stopped again.
    """
    refuse_open(config)
    home = Home(config.root)
    if not running_mark(home):
        require_room(home)
    home.create()
    make_temporary_folder(home.root)
    with exclusive(home):
        clear_temporary_folder(home.root, time.time())
        _claim(config, take=take)
        recollect(home)
        auth = ensure_auth(home.auth_file) if config.auth else ""
        if mark := running_mark(home):
            environment = stack_environment(config, auth, mark, os.environ)
            done = take_over(config, root, environment)
            return _refresh(config, root, environment, done)
        swept = stop_stack(home)
        require_free(config.host, wanted_ports(config))
        environment = stack_environment(config, auth, secrets.token_hex(8), os.environ)
        _start(config, root, environment)
        return f"started (after clearing {swept} leftover processes)" if swept else "started"


def _claim(config: Settings, *, take: bool) -> None:
    """Claim the ledger for this host; one that lies in the home moves with it."""
    with closing(open_ledger(config.resolved_ledger_url())) as ledger:
        here = this_host(config.root)
        claim_ledger(ledger, here, time.time(), take=take or config.ledger_is_at_home)


def _refresh(config: Settings, root: Path, environment: Mapping[str, str], done: str) -> str:
    """Wait for a stack that is up already; register what has changed since."""
    with SlipwayApi.of(config, patience_seconds=0) as api:
        was_well = all(answering(config, api).values())
        if silent := wait_for(config, api):
            raise StackError(_complaint(Home(config.root), silent))
        if not _is_registered(config, root, api):
            _finish(_registration(root, environment), Home(config.root))
            return f"{done}; registered what has changed"
    return done if was_well else f"{done}; its restarted parts answer again"


def _start(config: Settings, root: Path, environment: Mapping[str, str]) -> None:
    home, since = Home(config.root), time.time()
    start_supervisor(home, root, environment, all_inputs(parts(procfile(root), environment)))
    registration = _registration(root, environment)
    try:
        _await_all(config, registration, since)
    except BaseException:
        registration.kill()
        stop_stack(home)
        raise


def _await_all(config: Settings, registration: subprocess.Popen[bytes], since: float) -> None:
    """Wait until all is registered and everything answers; end flow runs of an earlier stack."""
    home = Home(config.root)
    with SlipwayApi.of(config, patience_seconds=0) as api:
        _finish(registration, home)
        if silent := wait_for(config, api, PROGRAMS, since):
            raise StackError(_complaint(home, silent))
    with SlipwayApi.of(config) as api:
        crash_abandoned(api, config.work_pool, worker_name(), since)


def _registration(root: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start the registration, which imports Prefect while the server starts, then waits for it.

    It ends with this process.
    """
    log = Home(Path(environment["SLIPWAY_HOME"])).log("register")
    return spawn("stack.registration.register", root, environment, log, str(os.getpid()))


def _finish(registration: subprocess.Popen[bytes], home: Home) -> None:
    """Wait until all is registered, but not for a part that keeps ending."""
    while registration.poll() is None:
        if crash_looping_parts(home):
            registration.kill()
        require_room_left(home)
        time.sleep(0.05)
    if registration.returncode != 0:
        raise StackError(_complaint(home, crash_looping_parts(home) or ["register"]))


def _is_registered(config: Settings, root: Path, api: SlipwayApi) -> bool:
    """Tell whether this server knows what these sources declare."""
    try:
        last = Home(config.root).registration_file.read_text(encoding="utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        return False
    now = fingerprint(sources(root), [sys.executable, config.work_pool])
    knows_all = work_pool_exists(api, config.work_pool) and knows(api, ROUTER_BLOCK)
    return last == now and knows_all


def _complaint(home: Home, silent: list[str]) -> str:
    reasons = [reason(home, name) for name in silent]
    return "\n".join([f"no answer from: {', '.join(silent)}. The ends of their logs:", *reasons])


def greeting(config: Settings, done: str, seconds: float) -> str:
    """Return what `make up` prints at its end: the address, and the password it asks for."""
    home = Home(config.root)
    password = home.auth_file.read_text(encoding="utf-8").strip() if config.auth else "none asked"
    last_port = config.router_port + config.router_slots - 1
    return "\n".join(
        [
            f"Slipway is {done} ({seconds:.1f} s).",
            f"  UI        {config.server_url}",
            f"  API       {config.api_url}",
            f"  password  {password}",
            f"  router    {config.host}, public ports {config.router_port} to {last_port}",
            f"  logs      {home.logs}",
            *([] if config.auth else [f"WARNING: {OPEN}."]),
        ]
    )


def main() -> int:
    """Bring the stack up and print where it is; 1 with the reason on failure."""
    began = time.monotonic()
    try:
        done = up(settings(), Path.cwd(), take="--take" in sys.argv[1:])
    except SlipwayError as error:
        sys.stderr.write(f"make up: {error}\n")
        return 1
    except PermissionError as error:
        place = error.filename or settings().root
        sys.stderr.write(
            f"make up: {place} does not belong to this user: {error.strerror}. Set SLIPWAY_HOME to "
            f"a folder "
            "that is, or start it as its owner.\n"
        )
        return 1
    except OSError as error:
        if not tells_no_room(str(error)):
            raise
        sys.stderr.write(f"make up: {full_file_system(str(error), settings().root)}\n")
        return 1
    sys.stdout.write(greeting(settings(), done, time.monotonic() - began) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
