"""How long reads of `/api/slipway` take at 50 requests a second, beside a workload that runs.

`python -m benchmarks.reads --json --check [--seconds 30]` starts a stack of its own, has it run a
workload of many steps, asks for one read after another, and removes the stack again. The bar: 95 of
100 answers take less than 100 ms.

An answer's time begins when it was due to be asked for, so that a slow one does not hide those that
it delays.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import httpx
import yaml

from benchmarks.bars import Bars, add_options, at_least, at_most, end
from benchmarks.free_ports import free_ports
from benchmarks.own_stack import started
from stack.api import SlipwayApi
from stack.auth import auth_header, read_auth
from tasks.errors import SlipwayError
from tasks.home import Home
from tasks.settings import Settings

BAR_MS = 100.0
PER_SECOND = 50
STEPS = 400
PROJECT = "reads"
PATHS = (
    "/status",
    f"/status/{PROJECT}",
    f"/estimate?project={PROJECT}",
    "/snapshots",
    f"/releases?project={PROJECT}",
    f"/logs?project={PROJECT}&environment=dev&service=web&lines=50",
    "/queue",
)
SERVICE = f"{sys.executable} -m http.server --bind {{{{ host }}}} {{{{ port }}}}"


@dataclass(frozen=True, slots=True)
class Answer:
    """The status of an answer, and how long it took since it was due."""

    path: str
    status: int
    ms: float


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that ``share`` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


def summary(answers: Sequence[Answer]) -> dict[str, object]:
    """Return the figures of the benchmark as one JSON object."""
    every = [each.ms for each in answers]
    by_path: dict[str, list[float]] = defaultdict(list)
    for each in answers:
        by_path[each.path.partition("?")[0]].append(each.ms)
    return {
        "benchmark": "reads",
        "requests": len(answers),
        "per_second": PER_SECOND,
        **{f"p{share:.0f}_ms": round(percentile(every, share / 100), 1) for share in (50, 95, 99)},
        "max_ms": round(max(every), 1),
        "p95_ms_by_path": {
            path: round(percentile(values, 0.95), 1) for path, values in by_path.items()
        },
        "statuses": dict(Counter(str(each.status) for each in answers)),
    }


def bars(answers: Sequence[Answer], *, ran_throughout: bool) -> Bars:
    """Return the bars: quick answers, all of them good ones, while the workload ran."""
    good = sum(each.status == httpx.codes.OK for each in answers) / len(answers)
    return {
        "p95_ms": at_most(round(percentile([each.ms for each in answers], 0.95), 1), BAR_MS),
        "answered_share": at_least(good, 1.0),
        "workload_ran_throughout": at_least(float(ran_throughout), 1.0),
    }


async def ask(url: str, headers: Mapping[str, str], seconds: float) -> list[Answer]:
    """Ask for one path after another at a steady rate, whether the last ones were answered or not."""
    endless = httpx.Limits(max_connections=None)  # none waits for another one's connection
    async with httpx.AsyncClient(
        base_url=url, headers=headers, timeout=30, trust_env=False, limits=endless
    ) as client:
        loop = asyncio.get_running_loop()
        began = loop.time() + 0.1

        async def one(path: str, due: float) -> Answer:
            """Ask once, at ``due``."""
            await asyncio.sleep(max(0.0, due - loop.time()))
            try:
                status = (await client.get(path)).status_code
            except httpx.HTTPError:
                status = 0
            return Answer(path, status, 1000 * (loop.time() - due))

        due_paths = enumerate(islice(cycle(PATHS), int(seconds * PER_SECOND)))
        answers = [one(path, began + number / PER_SECOND) for number, path in due_paths]
        return await asyncio.gather(*answers)


def configuration(folder: Path) -> dict[str, object]:
    """Return a project with a service, and a workload of steps that wait and work a little."""
    steps = [{"id": f"step-{number}", "run": "sleep 0.2"} for number in range(STEPS)]
    return {
        "projects": {
            PROJECT: {
                "source": str(folder),
                "kind": "procfile",
                "services": {"web": {"command": SERVICE, "health_path": "/"}},
                "workloads": {"many": {"kind": "steps", "steps": steps}},
            }
        },
        "environments": {"dev": {}},
    }


@contextmanager
def stack(folder: Path) -> Iterator[Settings]:
    """Give the settings of a stack that is started in ``folder``, and ended afterwards."""
    port = free_ports(3)
    given = {
        "home": str(folder / "home"),
        "server_port": port,
        "router_port": port + 1,
        "router_slots": 2,
    }
    with started(given) as config:
        yield config


def _done(api: SlipwayApi, deployment: str, **parameters: object) -> None:
    run = api.wait(api.trigger(f"{deployment}/{deployment}", parameters), timeout=180)
    if not run.succeeded:
        raise SlipwayError(f"{deployment} ended {run.state_name}: {run.message}")


def _begun(api: SlipwayApi, run: str) -> None:
    """Wait until steps of the workload run."""
    deadline = time.monotonic() + 120
    while not api.task_runs(run):
        if time.monotonic() > deadline:
            raise SlipwayError("the workload did not begin")
        time.sleep(0.5)


def measure(folder: Path, seconds: float) -> tuple[list[Answer], bool]:
    """Return the answers, and whether the workload ran all the while."""
    source = folder / "source"
    source.mkdir()
    (source / "README").write_text("Served as it is.\n", encoding="utf-8")
    file = folder / "slipway.yaml"
    file.write_text(yaml.safe_dump(configuration(source)), encoding="utf-8")
    file.chmod(0o600)
    with stack(folder) as config, SlipwayApi.of(config) as api:
        _done(api, "configure", file=str(file))
        _done(api, "launch", project=PROJECT, environment="dev")
        small = {"kind": "steps", "steps": [{"id": "step-0", "run": "true"}]}
        _done(api, "run", project=PROJECT, environment="dev", workload=small)
        run = api.trigger("run/run", {"project": PROJECT, "environment": "dev", "workload": "many"})
        _begun(api, run)
        headers = auth_header(read_auth(Home(config.root).auth_file))
        answers = asyncio.run(ask(f"{config.api_url}/slipway", headers, seconds))
        return answers, not api.state(run).finished


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; with `--check` 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description="reads of /api/slipway beside a running workload")
    add_options(parser)
    parser.add_argument("--seconds", type=float, default=30.0)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="slipway-reads-") as folder:
        answers, ran_throughout = measure(Path(folder), options.seconds)
    figures = summary(answers)
    for name, value in figures.items():
        print(f"{name}: {value}")
    return end(options, figures, bars(answers, ran_throughout=ran_throughout))


if __name__ == "__main__":
    sys.exit(main())
