"""Many flow runs at once, and an urgent one beside them: what `benchmarks.trigger` adds to single runs."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from stack.api import SlipwayApi
from stack.flow_run import flow_run_of
from tasks.errors import SlipwayError
from tasks.settings import Settings

_SERVICE = "python3 -m http.server -b {{ host }} {{ port }}"
_SECONDS = 300.0

Parameters = Mapping[str, object]


def first_line(api: SlipwayApi, deployment: str, parameters: Parameters | None = None) -> float:
    """Return the seconds from the call to the first line, however the run ends."""
    called_at = time.time()
    run = api.wait(api.trigger(deployment, parameters), timeout=_SECONDS)
    if run.started_at is None:
        raise SlipwayError(f"{deployment} never began: {run.state_name} {run.message}")
    return run.started_at - called_at


def at_once(config: Settings, deployment: str, runs: int) -> list[float]:
    """Return the seconds to the first line of runs that are requested at the same time."""
    with SlipwayApi.of(config) as api, ThreadPoolExecutor(runs) as threads:
        called = dict(threads.map(lambda _: _request(config, deployment, {}), range(runs)))
        return _first_lines(api, called)


def beside_launches(config: Settings, launches: int) -> float:
    """Return the seconds to the first line of a rollback that is requested while projects launch."""
    with (
        projects(config, launches) as names,
        SlipwayApi.of(config) as api,
        ThreadPoolExecutor(launches) as threads,
    ):
        launch = "launch/launch"
        called = dict(threads.map(lambda name: _request(config, launch, {"project": name}), names))
        while not _running(api, "launch"):
            time.sleep(0.1)
        seconds = first_line(api, "rollback/rollback", {"project": names[0]})
        _first_lines(api, called)
        return seconds


def _request(config: Settings, deployment: str, parameters: Parameters) -> tuple[str, float]:
    """Request a run by a client of its own; return its id and the time of the call."""
    with SlipwayApi.of(config) as api:
        called_at = time.time()
        return api.trigger(deployment, parameters), called_at


def _first_lines(api: SlipwayApi, called: dict[str, float]) -> list[float]:
    """Wait for runs with one request for all of them; return the seconds to each first line."""
    query = {"flow_runs": {"id": {"any_": list(called)}}}
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        runs = [flow_run_of(run) for run in api.every("/flow_runs/filter", query)]
        if len(runs) == len(called) and all(run.finished for run in runs):
            return [(run.started_at or math.inf) - called[run.id] for run in runs]
        time.sleep(0.5)
    raise SlipwayError(f"{len(called)} runs did not end within {_SECONDS:.0f} s")


def _running(api: SlipwayApi, flow: str) -> int:
    """Count the runs of ``flow`` that have begun and not ended."""
    state = {"state": {"type": {"any_": ["RUNNING"]}}}
    query = {"flows": {"name": {"any_": [flow]}}, "flow_runs": state}
    return int(api.call("POST", "/flow_runs/count", query))


@contextmanager
def projects(config: Settings, count: int) -> Iterator[list[str]]:
    """Configure small projects of one service each, and forget them again."""
    names = [f"burst-{number}" for number in range(count)]
    with TemporaryDirectory(prefix="slipway-bursts-") as folder, SlipwayApi.of(config) as api:
        entries = []
        for name in names:
            source = Path(folder, name)
            source.mkdir()
            (source / "index.html").write_text(name)
            service = f'{{web: {{command: "{_SERVICE}"}}}}'
            entries.append(f"  {name}: {{source: {source}, services: {service}}}\n")
        file = Path(folder, "slipway.yaml")
        file.write_text("projects:\n" + "".join(entries))
        _complete(api, "configure/configure", {"file": str(file)})
        try:
            yield names
        finally:
            for name in names:
                _complete(api, "forget/forget", {"project": name})


def _complete(api: SlipwayApi, deployment: str, parameters: Parameters) -> None:
    run = api.wait(api.trigger(deployment, parameters), timeout=_SECONDS)
    if not run.succeeded:
        raise SlipwayError(f"{deployment} ended {run.state_name}: {run.message}")
