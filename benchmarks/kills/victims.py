"""Finds what is killed, kills it, and tells which attempts that cuts off."""

from __future__ import annotations

import json
import os
import random
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.chaos.victims import flow, part
from benchmarks.kills.points import Victim
from blocks.providers.process.run_directory import EXIT, STATE
from stack.worker.fork_here import TITLE

_FORK_SERVER = "multiprocessing.forkserver"
"""What the command of a fork server holds that was started as a new process."""


@dataclass(frozen=True, slots=True)
class Kill:
    """A kill that struck; ``cut_off`` are the attempts that a killed lane was at."""

    victim: Victim
    cut_off: tuple[Path, ...] = ()


def kill_run(home: Path, run_id: str) -> Kill | None:
    """Kill the process of a flow run; None if it has none."""
    pid = flow(home, run_id)
    return Kill(Victim.RUN) if pid and _killed(pid) else None


def kill_lane(steps: Path, chance: random.Random) -> Kill | None:
    """Kill one of the lanes that have executed steps in the folder of a workload; None: it has none."""
    lanes = sorted(living_lanes(steps))
    if not lanes:
        return None
    pid = chance.choice(lanes)
    try:
        # It must not go on to another step while it is looked at.
        os.kill(pid, signal.SIGSTOP)
        cut_off = [attempt for attempt, lane in _lanes(steps) if lane == pid and _is_open(attempt)]
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return None
    return Kill(Victim.LANE, tuple(cut_off))


def kill_both(home: Path, run_id: str, steps: Path, chance: random.Random) -> Kill | None:
    """Kill a lane of a workload and at once its flow run, if that is there; None: it has no lane."""
    lane = kill_lane(steps, chance)
    return Kill(Victim.BOTH, lane.cut_off) if lane and kill_run(home, run_id) else lane


def kill_shared(home: Path, victim: Victim) -> Kill | None:
    """Kill a part of the stack; None while it does not run."""
    pid = _fork_server(home) if victim is Victim.FORK_SERVER else part(home, victim)
    return Kill(victim) if pid and _killed(pid) else None


def living_lanes(steps: Path) -> set[int]:
    """Return the lanes that have executed steps below a folder and live."""
    return {pid for pid in {pid for _, pid in _lanes(steps)} if _is_lane(pid)}


def _lanes(steps: Path) -> Iterator[tuple[Path, int]]:
    """Yield the attempts below a folder that a lane has begun, and the lane."""
    for path in steps.rglob(STATE):
        try:
            state = json.loads(path.read_bytes())
        except (OSError, ValueError):
            continue
        if state["lane"]:
            yield path.parent, state["shim"]["pid"]


def _is_open(attempt: Path) -> bool:
    return not (attempt / EXIT).exists()


def _is_lane(pid: int) -> bool:
    try:
        process = psutil.Process(pid)
        is_dead = process.status() == psutil.STATUS_ZOMBIE
        return not is_dead and any(each.endswith("shim/lane.py") for each in process.cmdline())
    except psutil.Error:
        return False


def _fork_server(home: Path) -> int | None:
    worker = part(home, Victim.WORKER)
    try:
        children = psutil.Process(worker).children() if worker else []
        for child in children:
            command = " ".join(child.cmdline())
            if command.startswith(TITLE) or _FORK_SERVER in command:
                return child.pid
    except psutil.Error:
        return None
    return None


def _killed(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True
