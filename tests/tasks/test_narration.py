"""Tests of the progress messages of long work."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from blocks.workload_spec import PytestWorkload
from tasks.holder import acting_as
from tasks.launch.instances.before import BeforeError
from tasks.launch.kinds.interface import run_build
from tasks.launch.launcher import Launcher
from tasks.launch.lock import locked
from tasks.narration import Narrator, doing, narrated, tell
from tasks.split.collect import collect
from tests.tasks.launch.conftest import launcher_for, service_ports, source
from tests.tasks.split.test_suites_in_the_wild import PYTHON

__all__ = ["launcher_for", "service_ports", "source"]
UNTIL = "n=0; until [ -e {go} ]; do n=$((n+1)); [ $n -lt 400 ] || exit 9; sleep 0.05; done"
Make = Callable[..., Launcher]


def test_what_goes_on_is_said_with_its_seconds_once_it_is_long() -> None:
    """Broken: a build of ten minutes says nothing, or each short command says something."""
    now, lines = [100.0], list[str]()
    narrator = Narrator(lines.append, lambda: now[0])
    narrator.doing = [("building", 40.0), ("running `uv sync`", 95.0)]
    narrator.remind(10)
    assert lines == []
    now[0] = 130.0
    narrator.remind(10)
    assert lines == ["Still running `uv sync`, for 35 s"]


def test_nobody_listens_outside_of_a_run() -> None:
    """Broken: what is done without Prefect fails for want of a log."""
    tell("a line")
    with doing("nothing"):
        tell("another")


async def _told(
    work: Callable[[], object], let_go: Callable[[], object], expected: str
) -> list[str]:
    """Do ``work``, which goes on until ``let_go`` is called: it is, once ``expected`` was said."""
    lines: list[str] = []

    def say(line: str) -> None:
        lines.append(line)
        if re.search(expected, line):
            let_go()

    async with narrated(say, every_seconds=0.02, long_seconds=0.0):
        await asyncio.to_thread(work)
    return lines


@pytest.mark.integration
async def test_a_build_says_which_command_runs(tmp_path: Path) -> None:
    """Broken: whoever waits for an installer cannot tell it from one that hangs."""
    go = tmp_path / "go"
    argv = ["sh", "-c", UNTIL.format(go=go)]
    lines = await _told(lambda: run_build(argv, tmp_path, {}), go.touch, "Still running `sh -c")
    assert lines[-1].endswith("for 0 s")


@pytest.mark.integration
async def test_a_collection_says_so(tmp_path: Path) -> None:
    """Broken: a suite that takes minutes to be collected looks like one that hangs."""
    go, folder = tmp_path / "go", tmp_path / "src"
    folder.mkdir()
    waits = f"import os, time\nwhile not os.path.exists({str(go)!r}): time.sleep(0.05)\n"
    (folder / "test_it.py").write_text(f"{waits}def test_it(): pass\n")
    spec = PytestWorkload(kind="pytest")
    work = lambda: collect("w", spec, folder, PYTHON, {}, timeout_seconds=60)  # noqa: E731
    assert await _told(work, go.touch, "Still collecting the tests of w")


@pytest.mark.integration
async def test_who_waits_for_another_says_so(tmp_path: Path) -> None:
    """Broken: a launch that waits for another build of the project is silent."""
    path, locks = tmp_path / "x.lock", ExitStack()
    locks.enter_context(locked(path))

    def enter() -> None:
        with locked(path):
            pass

    assert await _told(enter, locks.close, r"Still waiting for .*x\.lock")


@pytest.mark.integration
async def test_who_waits_for_another_says_so_at_once(tmp_path: Path) -> None:
    """Broken: for what a rollback in need waits is said after half a minute."""
    path, lines = tmp_path / "x.lock", list[str]()

    def enter() -> None:
        with locked(path):
            pass

    with ExitStack() as locks:
        with acting_as("the run 'deploy shop v2' (1)"):
            locks.enter_context(locked(path))
        async with narrated(lines.append, every_seconds=3600.0), asyncio.timeout(30):
            waiting = asyncio.create_task(asyncio.to_thread(enter))
            while not lines:  # noqa: ASYNC110 - what it waits for happens in a thread
                await asyncio.sleep(0.02)
            locks.close()
            await waiting
    assert lines == [f"Waiting for the run 'deploy shop v2' (1), which holds {path}"]


@pytest.mark.integration
async def test_health_and_what_comes_before_it_say_so(launcher_for: Make, tmp_path: Path) -> None:
    """Broken: a migration or a slow start is minutes of silence."""
    go, well = tmp_path / "go", tmp_path / "well"
    command = f"{UNTIL.format(go=go)}; echo $SECRET was used; echo migrated"
    slow = f"sh -c '{UNTIL.format(go=well)}; exec python3 server.py'"
    launcher = launcher_for(command=slow)
    spec = launcher.spec.model_copy(update={"before": [command]})
    launcher = replace(launcher, spec=spec)
    release = launcher.build("")
    lines = await _told(
        lambda: launcher.prepare(release), go.touch, r"Still running projects\.demo"
    )
    assert lines[-1].splitlines()[1:] == ["*** was used", "migrated"]
    assert lines[-1].splitlines()[0].startswith("projects.demo.before[0]: `")
    started = launcher.start(release)
    work = lambda: launcher.healthy(started, 30)  # noqa: E731
    assert await _told(work, well.touch, "Still waiting until web can serve")
    lines = await _told(lambda: launcher.prepare(release), go.touch, "never")
    assert lines == []


@pytest.mark.integration
async def test_what_fails_before_is_not_told_twice(launcher_for: Make) -> None:
    """Broken: the lines of a failed migration stand in the log twice."""
    launcher = launcher_for()
    spec = launcher.spec.model_copy(update={"before": ["echo why; exit 3"]})
    launcher = replace(launcher, spec=spec)
    release = launcher.build("")
    with pytest.raises(BeforeError, match="why"):
        await _told(lambda: launcher.prepare(release), print, "never")
