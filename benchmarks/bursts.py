"""Many flow runs at once, and an urgent one beside them: what `benchmarks.trigger` adds to single runs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from stack.api import SlipwayApi
from tasks.errors import SlipwayError
from tasks.settings import Settings

_SERVICE = "python3 -m http.server -b {{ host }} {{ port }}"
_SECONDS = 300.0


def first_line(
    api: SlipwayApi, deployment: str, parameters: dict[str, object] | None = None
) -> float:
    """Return the seconds from the call to the first line, however the run ends."""
    called_at = time.time()
    run = api.wait(api.trigger(deployment, parameters), timeout=_SECONDS)
    if run.started_at is None:
        raise SlipwayError(f"{deployment} never began: {run.state_name} {run.message}")
    return run.started_at - called_at


def at_once(config: Settings, deployment: str, runs: int) -> list[float]:
    """Return the seconds to the first line of runs that are requested at the same time."""

    def one(_: int) -> float:
        """Request one, by a client of its own."""
        with SlipwayApi.of(config) as api:
            return first_line(api, deployment)

    with ThreadPoolExecutor(runs) as threads:
        return list(threads.map(one, range(runs)))


def beside_launches(config: Settings, launches: int) -> float:
    """Return the seconds to the first line of a rollback that is requested while projects launch."""
    with projects(config, launches) as names, ThreadPoolExecutor(launches) as threads:

        def launch(name: str) -> float:
            """Launch a project."""
            with SlipwayApi.of(config) as api:
                return first_line(api, "launch/launch", {"project": name})

        pending = [threads.submit(launch, name) for name in names]
        with SlipwayApi.of(config) as api:
            while not _running(api, "launch"):
                time.sleep(0.05)
            seconds = first_line(api, "rollback/rollback", {"project": names[0]})
        for each in pending:
            each.result()
        return seconds


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


def _complete(api: SlipwayApi, deployment: str, parameters: dict[str, object]) -> None:
    run = api.wait(api.trigger(deployment, parameters), timeout=_SECONDS)
    if not run.succeeded:
        raise SlipwayError(f"{deployment} ended {run.state_name}: {run.message}")
