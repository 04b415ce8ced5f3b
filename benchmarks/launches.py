"""The time to launch ten built projects, by one call and by ten; and to configure twenty.

`python -m benchmarks.launches --json --check [--runs 3]` measures the running stack, or one of its own
that it starts and removes again. The bars (medians): 5 s by one call and 10 s by ten, from the first
call until the last of ten services is healthy and has its public port; 2 s in the flow `configure`,
whose start is measured by `trigger`.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from benchmarks.bars import Bars, add_options, at_most, end
from benchmarks.trigger import stack
from stack.api import Json, SlipwayApi
from stack.flow_run import FlowRun
from tasks.errors import SlipwayError

LAUNCHED = 10
CONFIGURED = 20
ONE_CALL_SECONDS = 5.0
TEN_CALLS_SECONDS = 10.0
CONFIGURE_SECONDS = 2.0
_PREFIX = "launches-"
_PATIENCE_SECONDS = 300
_SERVICE = f"{sys.executable} -S -m http.server --bind {{{{ host }}}} {{{{ port }}}}"


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of one round: launches, and the flow `configure` on changed and on unchanged blocks."""

    one_call: float
    ten_calls: float
    configure_changed: float
    configure_unchanged: float


def names(count: int = CONFIGURED) -> list[str]:
    """Return the names of the first projects."""
    return [f"{_PREFIX}{number:02}" for number in range(count)]


def configuration(source: Path, salt: str) -> Json:
    """Return twenty projects of one small service; with another ``salt`` each is another one."""
    service = {"command": _SERVICE, "drain_seconds": 0}
    project = {
        "source": str(source),
        "kind": "procfile",
        "services": {"web": service},
        "environments": {"dev": {"variables": {"SALT": salt}, "secrets": {"KEY": f"key {salt}"}}},
        "schedules": {"backup": "0 2 * * *"},
    }
    return {"projects": dict.fromkeys(names(), project)}


@contextmanager
def configured(api: SlipwayApi, folder: Path) -> Iterator[Path]:
    """Give the file of the projects, of which the first ten are built; forget them at the end."""
    (folder / "source").mkdir()
    (folder / "source" / "index.html").write_text("It works.")
    file = folder / "slipway.yaml"
    try:
        configure(api, file, "first")
        done(api, "launch", projects=names(LAUNCHED))
        yield file
    finally:
        runs = [_trigger(api, "forget", project=name, data="delete") for name in names()]
        for run in runs:
            api.wait(run, timeout=_PATIENCE_SECONDS)


def configure(api: SlipwayApi, file: Path, salt: str) -> float:
    """Load the projects and return the seconds that the flow took, without its start."""
    # Aliases would be as good, but nobody writes twenty projects as one.
    text = yaml.dump(configuration(file.parent / "source", salt), Dumper=_Plain)
    file.touch(mode=0o600)
    file.write_text(text)
    run = done(api, "configure", file=str(file))
    return (run.ended_at or 0.0) - (run.started_at or 0.0)


class _Plain(yaml.SafeDumper):
    """Writes what occurs twice twice."""

    def ignore_aliases(self, data: object) -> bool:
        """Tell that nothing is written as an alias."""
        del data
        return True


def measure(api: SlipwayApi, file: Path, number: int) -> Timing:
    """Measure one round; all services are stopped before each launch."""
    done(api, "stop", projects=[f"{_PREFIX}*"])
    called_at = time.time()
    run = done(api, "launch", projects=names(LAUNCHED))
    one_call = (run.ended_at or 0.0) - called_at
    done(api, "stop", projects=[f"{_PREFIX}*"])
    called_at = time.time()
    run_ids = [_trigger(api, "launch", project=name) for name in names(LAUNCHED)]
    runs = [_succeeded(api.wait(run_id, timeout=_PATIENCE_SECONDS)) for run_id in run_ids]
    ten_calls = max(run.ended_at or 0.0 for run in runs) - called_at
    changed, unchanged = (configure(api, file, f"round {number}") for _ in range(2))
    return Timing(one_call, ten_calls, changed, unchanged)


def done(api: SlipwayApi, operation: str, **parameters: object) -> FlowRun:
    """Have an operation run, and return the run that has succeeded."""
    run_id = _trigger(api, operation, **parameters)
    return _succeeded(api.wait(run_id, timeout=_PATIENCE_SECONDS))


def _trigger(api: SlipwayApi, operation: str, **parameters: object) -> str:
    return api.trigger(f"{operation}/{operation}", parameters)


def _succeeded(run: FlowRun) -> FlowRun:
    if not run.succeeded:
        raise SlipwayError(f"{run.name} ended {run.state_name}: {run.message}")
    return run


def summary(timings: Sequence[Timing]) -> dict[str, object]:
    """Return the medians of the rounds as one JSON object."""

    def median(values: Iterator[float]) -> float:
        """Return the middle one, rounded."""
        return round(statistics.median(values), 3)

    return {
        "benchmark": "launches",
        "rounds": len(timings),
        "one_call_seconds": median(each.one_call for each in timings),
        "ten_calls_seconds": median(each.ten_calls for each in timings),
        "configure_seconds": median(each.configure_changed for each in timings),
        "configure_unchanged_seconds": median(each.configure_unchanged for each in timings),
    }


def bars(figures: dict[str, object]) -> Bars:
    """Return the three bars."""
    limits = {
        "one_call_seconds": ONE_CALL_SECONDS,
        "ten_calls_seconds": TEN_CALLS_SECONDS,
        "configure_seconds": CONFIGURE_SECONDS,
    }
    return {name: at_most(float(str(figures[name])), limit) for name, limit in limits.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; with `--check` 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description="ten launches by one call and by ten")
    add_options(parser)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args(arguments)
    with (
        tempfile.TemporaryDirectory(prefix="slipway-launches-") as folder,
        stack(public_ports=LAUNCHED) as config,
        SlipwayApi.of(config) as api,
        configured(api, Path(folder)) as file,
    ):
        timings = [measure(api, file, number) for number in range(options.runs)]
    for number, each in enumerate(timings, 1):
        print(
            f"round {number}: one call {each.one_call:.2f} s, ten calls {each.ten_calls:.2f} s, "
            f"configure {each.configure_changed:.2f} s, unchanged {each.configure_unchanged:.2f} s"
        )
    figures = summary(timings)
    return end(options, figures, bars(figures))


if __name__ == "__main__":
    sys.exit(main())
