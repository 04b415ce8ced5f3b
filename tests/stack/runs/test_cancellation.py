"""Tests of flow runs that are being cancelled and have no worker."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from stack.api import SlipwayApi
from stack.runs.cancellation import GONE_SECONDS, GRACE_SECONDS, Cancellation
from stack.runs.flow_process import ENGINE, flow_processes

RUNS = "POST /flow_runs/filter"
WORKERS = "POST /work_pools/slipway/workers/filter"
STATE = "POST /flow_runs/doomed/set_state"
SLEEPER = "import time; print(flush=True); time.sleep(600)"
UNTIL_CLOSED = "import sys; print(flush=True); sys.stdin.read()"
PARENT = (
    "import subprocess, sys; "
    f"subprocess.Popen([sys.executable, '-c', {UNTIL_CLOSED!r}, {ENGINE!r}], "
    "stdin=subprocess.PIPE).wait()"
)
"""A process that executes no flow run, and starts one that does and ends with it."""
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); "


class Fake(Protocol):
    """What these tests use of the fake server."""

    answer: Callable[..., None]
    bodies: Callable[[str], list[dict[str, Any]]]
    client: Callable[..., SlipwayApi]


Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Give what starts a process that looks like that of the flow run ``doomed``."""
    variables = {"SLIPWAY_HOME": str(tmp_path), "PREFECT__FLOW_RUN_ID": "doomed"}
    started = []

    def run(script: str, *names: str) -> subprocess.Popen[bytes]:
        """Start it."""
        argv = [sys.executable, "-c", script, *names]
        process = subprocess.Popen(
            argv, env={**os.environ, **variables}, stdout=subprocess.PIPE, close_fds=True
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def watch(prefect_api: Fake, tmp_path: Path) -> Iterator[Callable[[int | None], Cancellation]]:
    """Give a maker of what is tested; ``doomed`` is to be cancelled since the second 100."""
    doomed = {"id": "doomed", "state": {"timestamp": "1970-01-01T00:01:40Z"}}
    prefect_api.answer(RUNS, (200, [doomed]))
    prefect_api.answer(WORKERS, (200, []))
    prefect_api.answer(STATE, (201, {}))
    with prefect_api.client() as api:
        yield lambda worker: Cancellation(api, "slipway", tmp_path, lambda: worker, "process@here")


Watch = Callable[[int | None], Cancellation]


@pytest.mark.integration
def test_a_run_without_a_worker_is_ended(start: Start, watch: Watch, prefect_api: Fake) -> None:
    """Its steps would go on, and it would be shown as Cancelling for ever."""
    process, cancellation = start(SLEEPER, ENGINE), watch(None)
    sentences = cancellation(now=101)
    assert "it was told to end" in sentences[0]
    assert process.wait(30) != 0
    assert "flow run doomed is cancelled" in [*sentences, *cancellation(now=102)]
    [sent] = prefect_api.bodies(STATE)
    assert (sent["state"]["type"], sent["force"]) == ("CANCELLED", True)
    assert "its worker was gone" in sent["state"]["message"]


@pytest.mark.integration
def test_one_that_does_not_end_is_killed(
    start: Start, watch: Watch, prefect_api: Fake, tmp_path: Path
) -> None:
    """A flow that ignores the signal could not be cancelled."""
    process, cancellation = start(STUBBORN + SLEEPER, ENGINE), watch(None)
    assert process.stdout is not None
    process.stdout.readline()
    cancellation(now=101)
    assert cancellation(now=102) == []
    assert "doomed" in flow_processes(tmp_path)
    cancellation(now=102 + GRACE_SECONDS)
    process.wait(30)
    assert cancellation(now=103 + GRACE_SECONDS) == ["flow run doomed is cancelled"]
    assert len(prefect_api.bodies(STATE)) == 1


@pytest.mark.integration
@pytest.mark.parametrize("script", [(SLEEPER, ENGINE), (PARENT,)], ids=["child", "grandchild"])
def test_what_the_worker_ends_is_left_to_it(
    script: tuple[str, ...], start: Start, watch: Watch, tmp_path: Path
) -> None:
    """A second signal would interrupt the flow run while it stops its steps."""
    process = start(*script)
    assert process.stdout is not None
    process.stdout.readline()
    assert watch(os.getpid())(now=101 + GRACE_SECONDS) == []
    assert "doomed" in flow_processes(tmp_path)


def test_a_run_whose_process_is_gone_is_cancelled_in_the_end(
    watch: Watch, prefect_api: Fake
) -> None:
    """It would be shown as Cancelling for ever; at once, its worker may not have begun with it."""
    cancellation = watch(None)
    assert cancellation(now=101) == []
    assert cancellation(now=102 + GONE_SECONDS) == ["flow run doomed is cancelled"]
    assert "it had no process" in prefect_api.bodies(STATE)[0]["state"]["message"]
    prefect_api.answer(WORKERS, (200, [{"name": "process@there", "status": "ONLINE"}]))
    elsewhere = watch(None)
    assert [elsewhere(now=101), elsewhere(now=102 + GONE_SECONDS)] == [[], []]
