"""Tests of detached runs: each is started once, found again, awaited and ended completely."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from blocks.providers.interface import End, Outcome
from blocks.providers.process import detached
from blocks.providers.process.detached import Ended, NotStarted, Running, ShimSpec
from blocks.providers.process.shim_spec import ShimError

PAGE = os.sysconf("SC_PAGE_SIZE")

pytestmark = pytest.mark.integration

ENVIRONMENT = {"PATH": os.environ["PATH"]}
FOREVER = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
with open({pid_file!r} + ".new", "w") as file:
    file.write(str(os.getpid()))
os.rename({pid_file!r} + ".new", {pid_file!r})
time.sleep(600)
"""
ESCAPE = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execve(sys.executable, [sys.executable, "-c", {forever!r}], {environment})
    os._exit(0)
os.wait()
time.sleep({seconds})
"""


def escaping(pid_file: Path, seconds: float, environment: str = "os.environ") -> tuple[str, ...]:
    """Return a program that leaves its group and session by a double fork, deaf to SIGTERM."""
    forever = FOREVER.format(pid_file=str(pid_file))
    code = ESCAPE.format(forever=forever, seconds=seconds, environment=environment)
    return (sys.executable, "-c", code)


def until(look: Callable[[], object]) -> None:
    """Return as soon as ``look`` gives something true."""
    deadline = time.monotonic() + 20
    while not look():
        assert time.monotonic() < deadline, "nothing came of it"
        time.sleep(0.01)


def runs(pid: int) -> bool:
    """Tell whether that pid is a process that runs."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def running(directory: Path) -> Running:
    """Return the status of what is expected to run, as soon as its child does."""
    status = detached.status(directory)
    while isinstance(status, Running) and status.child_pid is None:
        time.sleep(0.01)
        status = detached.status(directory)
    assert isinstance(status, Running), status
    return status


def ended(directory: Path) -> Outcome:
    """Wait for the run, and return its outcome."""
    return asyncio.run(detached.wait(directory))


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """Give the folder of a run, and end what is left in it."""
    yield tmp_path / "run"
    detached.stop(tmp_path / "run", 0)


def spec(directory: Path, *argv: str, **limits: object) -> ShimSpec:
    """Return a spec of ``argv`` in ``directory``."""
    return ShimSpec(directory, argv, cwd=Path("/"), **limits)  # type: ignore[arg-type]  # by name


def test_a_step_leaves_its_exit_code_output_and_usage(directory: Path) -> None:
    """Broken: a failed step would count as done, or nobody could see why it failed."""
    script = "echo out; echo err >&2; i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done; exit 3"
    detached.start(spec(directory, "sh", "-c", script), ENVIRONMENT)
    outcome = ended(directory)
    assert (outcome.end, outcome.exit_code, outcome.cause) == (End.FAILED, 3, "exit code 3")
    assert detached.log_path(directory).read_text() == "out\nerr\n"
    assert outcome.cpu_seconds > 0
    assert outcome.peak_memory_mib > 0
    assert outcome.ended_at >= outcome.started_at


def test_the_environment_arrives_and_touches_no_file(directory: Path) -> None:
    """Broken: a secret would lie on disk, or never reach the service."""
    detached.start(
        spec(directory, "sh", "-c", "test ${#SECRET} = 11"), ENVIRONMENT | {"SECRET": "hunter2hunt"}
    )
    assert ended(directory).succeeded
    assert not [path for path in directory.iterdir() if b"hunter2hunt" in path.read_bytes()]
    assert directory.stat().st_mode & 0o077 == 0


def test_a_shim_that_finds_no_room_for_its_record_says_so(small_disk: Path) -> None:
    """Broken: a step on a full disk fails without a reason."""
    directory, filler = small_disk / "run", small_disk / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(PAGE))
    os.truncate(filler, filler.stat().st_size - PAGE)  # what is to run finds room, and no more
    with pytest.raises(ShimError, match=f"No room is left on the file system at {small_disk} "):
        detached.start(ShimSpec(directory, ("true",), Path("/")), {"PATH": "/bin:/usr/bin"})


def test_many_who_start_the_same_directory_start_it_once(directory: Path, tmp_path: Path) -> None:
    """Broken: two workers that resume the same step would run it twice."""
    once = spec(directory, "sh", "-c", f"echo ran >> {tmp_path}/ran; sleep 0.2")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: detached.start(once, ENVIRONMENT), range(8)))
    ended(directory)
    detached.start(once, ENVIRONMENT)
    assert (tmp_path / "ran").read_text() == "ran\n"


def test_a_starter_killed_halfway_starts_nothing(directory: Path) -> None:
    """Broken: half an environment would be used, or the directory be blocked for good."""
    from blocks.providers.process import run_directory as files  # noqa: PLC0415 - only this test forges one

    files.prepare(directory)
    files.write_record(directory, files.SPEC, {"half": True})
    assert detached.status(directory) == NotStarted()
    detached.start(spec(directory, "true"), ENVIRONMENT)
    assert ended(directory).succeeded


@pytest.mark.parametrize("environment", ["os.environ", "{}"])
def test_stop_ends_a_double_fork_with_setsid(
    directory: Path, tmp_path: Path, environment: str
) -> None:
    """Broken: a stopped service would leave daemons behind that hold its port."""
    if environment == "{}" and sys.platform != "linux":
        pytest.skip("without a subreaper only the run id finds it")
    argv = escaping(tmp_path / "pid", 600, environment)
    detached.start(spec(directory, *argv), ENVIRONMENT)
    until((tmp_path / "pid").exists)
    escaped, status = int((tmp_path / "pid").read_text()), running(directory)
    outcome = detached.stop(directory, 0.2)
    assert outcome is not None
    assert outcome.end is End.PREEMPTED
    assert not runs(escaped)
    assert not runs(status.child_pid or 0)
    assert not runs(status.shim.pid)


def test_a_step_that_ends_takes_its_daemons_along(directory: Path, tmp_path: Path) -> None:
    """Broken: every finished step could leak a process."""
    detached.start(spec(directory, *escaping(tmp_path / "pid", 0.5)), ENVIRONMENT)
    until((tmp_path / "pid").exists)
    assert ended(directory).succeeded
    assert not runs(int((tmp_path / "pid").read_text()))


def test_stop_works_when_the_shim_was_killed(directory: Path, tmp_path: Path) -> None:
    """Broken: kill -9 of a shim would make its service impossible to stop."""
    detached.start(spec(directory, *escaping(tmp_path / "pid", 600)), ENVIRONMENT)
    until((tmp_path / "pid").exists)
    status = running(directory)
    os.kill(status.shim.pid, signal.SIGKILL)
    until(lambda: not runs(status.shim.pid))
    orphan = running(directory)
    assert (orphan.supervised, orphan.child_pid) == (False, status.child_pid)
    assert detached.is_running(directory)
    outcome = detached.stop(directory, 0.2)
    assert outcome is not None
    assert outcome.end is End.LOST
    assert not detached.is_running(directory)
    assert not runs(status.child_pid or 0)
    assert not runs(int((tmp_path / "pid").read_text()))


async def test_nobody_waits_for_a_run_whose_shim_was_killed(directory: Path) -> None:
    """Broken: a step of unknown end would count as done, or go on for ever past its time limit."""
    detached.start(spec(directory, "sleep", "600"), ENVIRONMENT)
    status = running(directory)
    waiting = asyncio.create_task(detached.wait(directory))
    os.kill(status.shim.pid, signal.SIGKILL)
    outcome = await asyncio.wait_for(waiting, 20)
    assert outcome.end is End.LOST
    assert outcome.started_at == status.started_at
    assert running(directory).child_pid == status.child_pid
    os.kill(status.child_pid or 0, signal.SIGKILL)
    until(lambda: isinstance(detached.status(directory), Ended))
    assert (await detached.wait(directory)).end is End.LOST


def test_a_recycled_pid_is_left_alone(directory: Path) -> None:
    """Broken: stop could kill a stranger that got the pid of a process long gone."""
    detached.start(spec(directory, "sleep", "600"), ENVIRONMENT)
    status = running(directory)
    detached.stop(directory, 1)
    (directory / "exit.json").unlink()
    state = json.loads((directory / "state.json").read_text())
    for name in ("shim", "child"):
        state[name] = {"pid": os.getpid(), "started": state[name]["started"] - 1}
    (directory / "state.json").write_text(json.dumps(state))
    outcome = detached.stop(directory, 0)
    assert outcome is not None
    assert outcome.end is End.LOST
    assert status.shim.pid != os.getpid()


def test_a_time_out_ends_it_and_says_so(directory: Path) -> None:
    """Broken: a hanging step would hold its resources for ever."""
    detached.start(spec(directory, "sleep", "600", timeout_seconds=0.3), ENVIRONMENT)
    outcome = ended(directory)
    assert (outcome.end, outcome.cause) == (End.TIMED_OUT, "took longer than 0.3 s")


@pytest.mark.skipif(sys.platform != "linux", reason="memory is only watched on Linux")
def test_the_memory_of_the_whole_tree_is_limited(directory: Path) -> None:
    """Broken: one step could take the machine down."""
    hungry = "x = bytearray(90 * 2**20); import time; time.sleep(600)"
    script = f"for i in 1 2; do {sys.executable} -c '{hungry}' & done; wait"
    detached.start(spec(directory, "sh", "-c", script, memory_mib=150), ENVIRONMENT)
    outcome = ended(directory)
    assert (outcome.end, outcome.cause) == (End.OUT_OF_MEMORY, "used more than 150 MiB")


@pytest.mark.skipif(sys.platform != "linux", reason="memory is only watched on Linux")
def test_a_service_that_used_too_much_memory_is_started_again(
    directory: Path, tmp_path: Path
) -> None:
    """Broken: one moment of too much memory takes a service down for good."""
    hungry = f"exec {sys.executable} -c 'x = bytearray(90 * 2**20); import time; time.sleep(600)'"
    script = (
        f"echo x >> {tmp_path}/ran; [ $(wc -l < {tmp_path}/ran) = 2 ] && exec sleep 600; {hungry}"
    )
    limits = {"memory_mib": 60, "restart": "always"}
    detached.start(spec(directory, "sh", "-c", script, **limits), ENVIRONMENT)
    until(lambda: running(directory).restarts == 1 and running(directory).child_pid)
    assert running(directory).last_end == "used more than 60 MiB"
    detached.stop(directory, 0)


def test_what_fails_is_started_again(directory: Path, tmp_path: Path) -> None:
    """Broken: a service that crashes once would stay down."""
    script = f"echo x >> {tmp_path}/ran; [ $(wc -l < {tmp_path}/ran) = 3 ]"
    detached.start(spec(directory, "sh", "-c", script, restart="on-failure"), ENVIRONMENT)
    assert ended(directory).succeeded
    assert (tmp_path / "ran").read_text() == "x\nx\nx\n"
    assert json.loads((directory / "exit.json").read_text())["restarts"] == 2


def test_stop_during_the_back_off_starts_nothing_more(directory: Path, tmp_path: Path) -> None:
    """Broken: a crash-looping service could not be stopped."""
    script = f"echo x >> {tmp_path}/ran; exit 1"
    detached.start(spec(directory, "sh", "-c", script, restart="always"), ENVIRONMENT)
    until((tmp_path / "ran").exists)
    outcome = detached.stop(directory, 1)
    ran = (tmp_path / "ran").read_text()
    assert outcome is not None
    assert outcome.end is End.PREEMPTED
    assert isinstance(detached.status(directory), Ended)
    assert (tmp_path / "ran").read_text() == ran


def test_a_program_that_does_not_exist_is_a_clear_failure(directory: Path) -> None:
    """Broken: a typing error in a command would look like a crash, and be retried for ever."""
    detached.start(spec(directory, "no-such-program", restart="always"), {"PATH": "/usr/bin:/bin"})
    outcome = ended(directory)
    assert (outcome.end, outcome.exit_code) == (End.FAILED, 127)
    assert outcome.cause == "cannot start: No such file or directory: no-such-program (in /)"


def test_much_output_neither_blocks_nor_fills_the_disk(directory: Path) -> None:
    """Broken: a chatty service would hang, or take the whole disk."""
    script = "i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done"
    limited = spec(directory, "sh", "-c", script, log_bytes=10_000, log_files=3)
    detached.start(limited, ENVIRONMENT)
    assert ended(directory).succeeded
    logs = sorted(directory.glob("output.log*"))
    assert [path.name for path in logs] == ["output.log", "output.log.1", "output.log.2"]
    assert all(path.stat().st_size <= 10_000 for path in logs)
    assert logs[0].read_text().endswith("line 19999\n")


def test_nothing_was_started_where_nothing_is(tmp_path: Path) -> None:
    """Broken: stopping twice, or what never ran, would fail."""
    assert detached.status(tmp_path / "none") == NotStarted()
    assert not detached.is_running(tmp_path / "none")
    assert detached.stop(tmp_path / "none", 1) is None


@pytest.mark.parametrize(
    "torn", ["", '{"shim": {"pi', "\0" * 64, "[]"], ids=["empty", "cut", "zeros", "no record"]
)
@pytest.mark.parametrize("record", ["state.json", "spec.json", "exit.json"])
def test_a_torn_record_is_one_lost_run(directory: Path, record: str, torn: str) -> None:
    """Broken: after a power loss one unreadable record ends the look at all services."""
    detached.start(spec(directory, "sh", "-c", "exit 3"), ENVIRONMENT)
    ended(directory)
    if record != "exit.json":
        (directory / "exit.json").unlink()
    (directory / record).write_text(torn)
    status = detached.status(directory)
    assert isinstance(status, Ended)
    assert status.outcome.end is End.LOST
    if record != "spec.json":
        assert f"its record {record}" in status.outcome.cause
    assert detached.restart_policy(directory) == ("always" if record == "spec.json" else "never")
    settled = detached.stop(directory, 0)
    assert settled is not None
    assert settled.end is End.LOST


def test_what_runs_below_a_torn_record_is_ended(directory: Path, tmp_path: Path) -> None:
    """Broken: a service whose state cannot be read would hold its port beside its successor."""
    detached.start(spec(directory, "sh", "-c", f"echo $$ > {tmp_path}/pid; sleep 600"), ENVIRONMENT)
    until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip())
    pid = int((tmp_path / "pid").read_text())
    (directory / "state.json").write_text("")
    assert isinstance(detached.status(directory), Ended)
    detached.stop(directory, 0)
    until(lambda: not runs(pid))


def test_the_shim_of_a_torn_record_is_ended_as_well(directory: Path, tmp_path: Path) -> None:
    """Broken: it would start again what was ended, on the old port, for ever and for nobody."""
    pids = tmp_path / "pids"
    command = f"echo $$ >>{pids}; sleep 600"
    detached.start(spec(directory, "sh", "-c", command, restart="always"), ENVIRONMENT)
    until(lambda: pids.exists() and pids.read_text().strip())
    shim = json.loads((directory / "state.json").read_text())["shim"]["pid"]
    (directory / "state.json").write_text('{"shim"')
    detached.stop(directory, 0)
    assert not runs(shim)
    assert not [pid for pid in pids.read_text().split() if runs(int(pid))]
    assert isinstance(detached.status(directory), Ended)
