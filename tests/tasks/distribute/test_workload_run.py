"""Split, plan, admission, dispatch, processes and ledger together: a workload from end to end."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from blocks.providers.interface import Resources
from blocks.providers.shell_runner import ShellRunner
from blocks.workload_spec import PytestWorkload, StepSpec, StepsWorkload
from tasks.allocate.ledger_admission import LedgerAdmission
from tasks.claim import Queued
from tasks.distribute.dispatch.dispatcher import Dispatcher
from tasks.distribute.dispatch.events import Hooks
from tasks.distribute.dispatch.results import StepResult
from tasks.distribute.dispatch.resume import former_run
from tasks.distribute.dispatch.runner import StepRunner
from tasks.estimates import Estimates
from tasks.ledger.connection import Ledger, open_ledger
from tasks.ledger.estimates import read_estimates
from tasks.ledger.executions import executions
from tasks.ledger.group_commit import GroupCommit
from tasks.ledger.providers import fleet, register_provider
from tasks.ledger.workloads import WorkloadLease, close_workload, open_workload
from tasks.plan import Plan
from tasks.planning.planner import plan
from tasks.split.collect import collect
from tasks.split.declared import split_steps
from tasks.split.suite import item_key, split_pytest, startup_key
from tasks.split.verdicts import read_report
from tasks.workload import StepGraph
from tests.tasks.planning.fakes import submit

pytestmark = pytest.mark.integration

CAPACITY = Resources(cpus=2, memory_mib=4096, slots=2)


class Workload:
    """What a flow wires together, over a ledger and this machine's processes."""

    def __init__(self, home: Path) -> None:
        home.mkdir(exist_ok=True)
        self.home = home
        self.ledger: Ledger = open_ledger(f"sqlite:///{home / 'ledger.db'}")
        self.providers = {"local": ShellRunner("local", CAPACITY)}
        self.queued: list[tuple[str, Queued]] = []
        self.runner: StepRunner | None = None
        register_provider(self.ledger, "local", "shell", CAPACITY, 1.0, 0.0, time.time())

    def open(self) -> WorkloadLease:
        """Open it; whoever held it before is dead."""
        return open_workload(self.ledger, "p/w", "me", time.time(), 60.0, lambda _owner: False)

    def estimates(self, graph: StepGraph) -> Estimates:
        """What history expects of the graph."""
        keys = {key for step in graph.steps for key in (step.history_key, *step.items)}
        return read_estimates(self.ledger, keys, "shell")

    async def run(self, graph: StepGraph) -> tuple[Plan, dict[str, StepResult]]:
        """Plan and dispatch, resuming what a former run left."""
        lease = self.open()
        done = executions(self.ledger, lease.id)
        estimates = self.estimates(graph)
        planned = plan(graph, estimates, fleet(self.ledger, ["local"], time.time()))
        group = GroupCommit(self.ledger)
        self.runner = StepRunner(
            group,
            self.providers,
            lease,
            self.home,
            former=done,
            read_report=partial(read_report, graph.project, graph.workload),
        )
        results = await Dispatcher(
            graph,
            planned,
            estimates,
            lambda: fleet(self.ledger, ["local"], time.time()),
            LedgerAdmission(self.ledger, 60.0, time.time, group),
            execute=self.runner,
            submit=submit,
            workload_id=lease.id,
            fence=lease.fence,
            former=former_run(done),
            hooks=Hooks(on_queued=lambda name, queued: self.queued.append((name, queued))),
        ).run()
        close_workload(self.ledger, lease.id, lease.fence, "done", time.time())
        return planned, results


@pytest.fixture
def workload(tmp_path: Path) -> Iterator[Workload]:
    """A workload of its own."""
    fixture = Workload(tmp_path / "home")
    yield fixture
    fixture.ledger.close()


def suite(folder: Path, failing: str = "") -> Path:
    """A suite of quick tests and a slow one; one of them may fail."""
    tests = folder / "src" / "tests"
    tests.mkdir(parents=True)
    lines = ["import time, pytest"]
    for number in range(8):
        body = "assert False, 'injected'" if failing == f"test_{number}" else "time.sleep(0.02)"
        lines.append(f"def test_{number}(): {body}")
    lines.append("@pytest.mark.parametrize('x', ['a::b', '<&>'])\ndef test_odd(x): time.sleep(0.4)")
    (tests / "test_all.py").write_text("\n".join(lines))
    return folder / "src"


def cut(workload: Workload, source: Path) -> tuple[list[str], StepGraph]:
    """Collect and split the suite as a flow does."""
    spec = PytestWorkload(kind="pytest")
    python = Path(sys.executable)
    tests = collect("w", spec, source, python, {})
    ids = [test.id for test in tests]
    keys = [startup_key("p", "w"), *(item_key("p", "w", test) for test in ids)]
    estimates = read_estimates(workload.ledger, keys, "shell")
    return ids, split_pytest(
        "p", "w", spec, tests, estimates, lanes=[1.0] * 2, cwd=source, python=python, environment={}
    )


async def test_a_suite_is_run_whole_and_its_timings_serve_the_next_run(
    workload: Workload, tmp_path: Path
) -> None:
    """A test would not run, or the second run would not learn from the first."""
    source = suite(tmp_path)
    ids, graph = cut(workload, source)
    assert "no timings yet" in graph.decision.reason
    _, results = await workload.run(graph)
    assert all(result.succeeded for result in results.values()), results
    assert workload.runner is not None
    ran = [item.id for report in workload.runner.reports.values() for item in report.items]
    assert sorted(ran) == sorted(ids)

    _, graph = cut(workload, source)
    assert f"{len(ids)} of {len(ids)} tests have timings" in graph.decision.reason
    plan, results = await workload.run(graph)
    assert plan.estimate_source == "history"
    assert all(result.succeeded for result in results.values()), results


async def test_a_failing_test_fails_its_shard_and_is_named(
    workload: Workload, tmp_path: Path
) -> None:
    """A red suite would pass, or the summary would not say which test it was."""
    _, graph = cut(workload, suite(tmp_path, failing="test_3"))
    _, results = await workload.run(graph)
    bad = [result for result in results.values() if not result.succeeded]
    assert len(bad) == 1
    assert "1 test failed: tests/test_all.py::test_3 (AssertionError: injected" in bad[0].detail


async def test_no_more_runs_at_once_than_fits_and_who_waits_is_told_why(
    workload: Workload, tmp_path: Path
) -> None:
    """Two slots would be oversubscribed by four steps, or the waiting ones give no reason."""
    script = "echo + >> log; sleep 0.2; echo - >> log"
    spec = StepsWorkload(steps=[StepSpec(id=f"s{n}", run=script) for n in range(4)])
    _, results = await workload.run(split_steps("p", "w", spec, tmp_path, {}))
    assert all(result.succeeded for result in results.values())
    running = most = 0
    for mark in (tmp_path / "log").read_text().split():
        running += 1 if mark == "+" else -1
        most = max(most, running)
    assert most == 2
    name, queued = workload.queued[0]
    assert (name, queued.position) == ("s2", 1)
    assert "local" in queued.reason


FLOW = """
    import asyncio, sys
    from pathlib import Path
    from tests.tasks.distribute.test_workload_run import Workload, killed_graph
    home, folder = Path(sys.argv[1]), Path(sys.argv[2])
    asyncio.run(Workload(home).run(killed_graph(folder)))
"""


def killed_graph(folder: Path) -> StepGraph:
    """A finished step, one that waits to be told to end, and one that needs it."""
    waits = "echo slow >> log; while [ ! -e go ]; do sleep 0.05; done"
    spec = StepsWorkload(
        steps=[
            StepSpec(id="quick", run="echo quick >> log"),
            StepSpec(id="slow", run=waits, needs=["quick"]),
            StepSpec(id="last", run="echo last >> log", needs=["slow"]),
        ]
    )
    return split_steps("p", "w", spec, folder, {})


def eventually(condition: Callable[[], bool]) -> None:
    """Wait for an effect of another process."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_kill_9_of_the_flow_repeats_no_step_and_adopts_the_running_one(
    workload: Workload, tmp_path: Path
) -> None:
    """A workload whose flow died would begin again, or run a second copy of what still runs."""
    log = tmp_path / "log"
    command = [sys.executable, "-c", textwrap.dedent(FLOW), str(workload.home), str(tmp_path)]
    flow = subprocess.Popen(command, cwd=Path(__file__).parents[3])
    eventually(lambda: log.exists() and "slow" in log.read_text())
    flow.send_signal(signal.SIGKILL)
    flow.wait()
    (tmp_path / "go").touch()
    _, results = asyncio.run(workload.run(killed_graph(tmp_path)))
    assert all(result.succeeded for result in results.values()), results
    assert log.read_text().split() == ["quick", "slow", "last"]
    assert results["quick"].resumed
