"""The campaign: waves of parallel operations and faults, with a check after each wave."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from benchmarks.chaos.field import Field
from benchmarks.chaos.lanes import Lanes
from benchmarks.chaos.leftovers import left_over
from benchmarks.chaos.operations import Operations
from benchmarks.chaos.schedule import LATEST_SECONDS, Act, Fault, Wave, waves
from benchmarks.chaos.stack_faults import strike_stack
from tasks.errors import SlipwayError

_PROCESSES_OF_LOAD = 4


def campaign(ground: Field, seed: int, kills: int, minutes: float, spared: Collection[str]) -> None:
    """Strike ``kills`` times, or until the time is up, under load."""
    _prepare(ground)
    deadline = time.monotonic() + 60 * minutes
    lanes = Lanes(ground, Operations(ground))
    with loaded(ground):
        for wave in waves(seed, spared):
            _strike(ground, lanes, _bounded(wave, kills - len(ground.record.struck)))
            struck = len(ground.record.struck)
            ground.record.say(f"wave {wave.number}: {struck} of {kills} faults have struck")
            for each in left_over(ground):
                if each not in ground.record.left:  # since an earlier wave
                    ground.record.note(ground.record.left, each)
            if struck >= kills or time.monotonic() > deadline:
                return


def _prepare(ground: Field) -> None:
    """Make the shop serve its first version, with a second one warm behind it."""
    configured = ground.stack.configure(ground.sources.configuration("token-0"))
    for operated in (configured, ground.stack.operate("launch", project="shop")):
        if operated.failure:
            raise SlipwayError(operated.failure)
    [url] = set(operated.urls)
    ground.shop_port = int(url.rpartition(":")[2])


def _bounded(wave: Wave, most: int) -> Wave:
    """Return the part of a wave that holds at most so many faults, evenly over the lanes."""
    if wave.faults <= most:
        return wave
    share = most / wave.faults
    lanes = {lane: acts[: max(1, round(share * len(acts)))] for lane, acts in wave.lanes.items()}
    return Wave(wave.number, lanes, wave.stack[: round(share * len(wave.stack))])


def _strike(ground: Field, lanes: Lanes, wave: Wave) -> None:
    """Let the lanes and the faults of the stack of one wave go on side by side, to their ends."""
    works = [partial(_acts, ground, lanes, lane, acts) for lane, acts in wave.lanes.items()]
    _side_by_side([*works, partial(_stack, ground, wave.stack)])


def _acts(ground: Field, lanes: Lanes, lane: str, acts: tuple[Act, ...]) -> None:
    for act in acts:
        if ground.over.is_set():
            return
        try:
            lanes.perform(lane, act)
        except SlipwayError as error:
            ground.record.note(ground.record.stuck, f"{act.kind}: {error}")


def _stack(ground: Field, faults: tuple[Fault, ...]) -> None:
    waiting: list[Callable[[], None]] = []
    began = time.monotonic()
    for fault in faults:
        ground.over.wait(max(0.0, began + fault.at * LATEST_SECONDS - time.monotonic()))
        if ground.over.is_set():
            return
        watched = strike_stack(ground, fault)
        (ground.record.struck if watched else ground.record.missed).append(fault.kind)
        waiting += [watched] if watched else []
    _side_by_side(waiting)


def _side_by_side(works: Sequence[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=work, daemon=True) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@contextmanager
def loaded(ground: Field) -> Iterator[None]:
    """Keep the shop busy from processes of their own while the block runs."""
    host, port = ground.stack.settings.host, str(ground.shop_port)
    asking = [
        subprocess.Popen(
            [
                sys.executable,
                "-m",
                "benchmarks.chaos.load",
                host,
                port,
                str(ground.loads),
                str(first),
                str(_PROCESSES_OF_LOAD),
            ],
            cwd=Path(__file__).parents[2],
        )
        for first in range(_PROCESSES_OF_LOAD)
    ]
    try:
        yield
    finally:
        for each in asking:
            each.send_signal(signal.SIGTERM)
        for each in asking:
            each.wait()
