"""Readiness checks of the stack's parts, which ask each part and not the process table."""

from __future__ import annotations

import socket
import time
from collections.abc import Collection

import httpx

from blocks.routers.extent import served
from stack.api import ApiError, SlipwayApi
from stack.channel import NoAnswerError, ask
from stack.endings import crash_looping_parts
from stack.flow_run import seconds
from stack.heartbeat import silence
from stack.port_check import is_taken
from stack.room import require_room_left
from tasks.home import PROGRAMS, Home
from tasks.settings import Settings

READS_SECONDS = 2.0
BEATS_MISSED = 5
"""The number of silent periods after which the reconciler counts as gone."""


def worker_name() -> str:
    """Return the name under which this machine's worker is known."""
    return f"process@{socket.gethostname()}"


ROUTER_BLOCK = "/block_types/slug/slipway-caddy-router/block_documents/name/local"


def work_pool_exists(api: SlipwayApi, pool: str) -> bool:
    """Tell whether the server answers and knows ``pool``."""
    return knows(api, f"/work_pools/{pool}")


def work_pool_type(api: SlipwayApi, pool: str) -> str:
    """Return the type of ``pool``; empty where the server does not answer or know it."""
    try:
        return str(api.call("GET", f"/work_pools/{pool}")["type"])
    except (ApiError, httpx.HTTPStatusError):
        return ""


def knows(api: SlipwayApi, path: str) -> bool:
    """Tell whether the server answers and has something at ``path``."""
    try:
        api.call("GET", path)
    except (ApiError, httpx.HTTPStatusError):
        return False
    return True


def worker_online(api: SlipwayApi, pool: str, since: float) -> bool:
    """Tell whether a worker of ``pool`` has sent a heartbeat since ``since``."""
    try:
        workers = api.call("POST", f"/work_pools/{pool}/workers/filter", {})
    except (ApiError, httpx.HTTPStatusError):
        return False
    return any(
        worker["status"] == "ONLINE" and (seconds(worker["last_heartbeat_time"]) or 0) >= since
        for worker in workers
    )


def reconciler_beats(home: Home, period_seconds: float, now: float) -> bool:
    """Tell whether the reconciler has run a periodic job lately, at the monotonic time ``now``."""
    silent = silence(home.heartbeat_file, now)
    return silent is not None and silent < BEATS_MISSED * period_seconds + 10.0


def reads_answer(home: Home) -> bool:
    """Tell whether the process that answers reads does."""
    try:
        return bool(ask(home.root, "/health", READS_SECONDS))
    except NoAnswerError:
        return False


def answering(config: Settings, api: SlipwayApi, since: float = 0.0) -> dict[str, bool]:
    """Ask each of the stack's processes whether it answers now.

    Args:
        config: The settings.
        api: A client that asks once and does not wait.
        since: Heartbeats of the worker from before this time do not count; the heartbeat of an
            earlier reconciler was removed with its stack.
    """
    home = Home(config.root)
    return {
        "reads": reads_answer(home),
        "server": api.healthy(),
        "worker": worker_online(api, config.work_pool, since),
        "router": all(is_taken(config.host, port) for port in _router_ports(config)),
        "reconciler": reconciler_beats(home, config.reconcile_seconds, time.monotonic()),
    }


def _router_ports(config: Settings) -> list[int]:
    """Return the first port of each process of the router."""
    announced = served(config.root / "router")
    return [ports.start for ports in announced] or [config.router_port]


def wait_for(
    config: Settings, api: SlipwayApi, names: Collection[str] = PROGRAMS, since: float = 0.0
) -> list[str]:
    """Wait until all of ``names`` answer; return those that do not.

    It waits ``start_seconds`` at most, and no longer once a program keeps dying.

    Raises:
        BadInputError: The disk is full, which nothing but the user can end.
    """
    deadline = time.monotonic() + config.start_seconds
    while True:
        answers = answering(config, api, since)
        silent = [name for name in names if not answers[name]]
        given_up = set(silent) & set(crash_looping_parts(Home(config.root)))
        if not silent or given_up or time.monotonic() > deadline:
            return silent
        require_room_left(Home(config.root))
        time.sleep(0.2)
