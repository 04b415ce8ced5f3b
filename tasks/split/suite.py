"""Splits a pytest suite into shards of test ids, balanced by what history says each takes. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from blocks.workload_spec import PytestWorkload
from tasks.estimates import Estimate, Estimates
from tasks.split.graph import step_graph
from tasks.split.shards import Quantiles, shard
from tasks.split.testpaths import has_test_paths
from tasks.workload import Step, StepGraph

PLUGIN = "slipway_pytest.py"
IDS = "ids.json"
REPORT = "results.jsonl"
COVERAGE = "coverage"
"""What the plugin calls the data of coverage, unless the suite names a file of its own."""
_STARTUP = "startup"
_TESTS = "tests"


@dataclass(frozen=True, slots=True)
class CollectedTest:
    """One test: its module, its class, and that again where the tests of the class share state."""

    id: str
    module: str = ""
    owner: str = ""
    sharing: str = ""

    def belongs_to(self, keep_together: str) -> str:
        """Return what must not be cut, that it is part of; itself where it may stand alone."""
        kept = {"module": self.module, "class": self.owner, "auto": self.sharing}
        return kept.get(keep_together) or self.id


def startup_key(project: str, workload: str) -> str:
    """Return the history key of what every shard pays before and after its tests."""
    return f"{project}/{workload}/{_STARTUP}"


def item_key(project: str, workload: str, test_id: str) -> str:
    """Return the history key of one test."""
    return f"{project}/{workload}/{test_id}"


@cache
def plugin_source() -> str:
    """Return the text of the plugin that is copied beside the ids of a shard."""
    return Path(__file__).with_name(PLUGIN).read_text(encoding="utf-8")


def pytest_arguments(spec: PytestWorkload, cwd: Path) -> tuple[str, ...]:
    """Return what collection and every shard have in common, so that both find the same ids.

    Without paths it is `tests`, where that is there and the suite's own settings name none.
    """
    paths = spec.paths
    if not paths and not has_test_paths(cwd) and (cwd / _TESTS).is_dir():
        paths = [_TESTS]
    return ("--rootdir", str(cwd), *spec.arguments, *paths)


def split_pytest(
    project: str,
    workload: str,
    spec: PytestWorkload,
    tests: Sequence[CollectedTest],
    estimates: Estimates,
    *,
    lanes: Sequence[float],
    cwd: Path,
    python: Path,
    environment: Mapping[str, str] | None = None,
) -> StepGraph:
    """Return one step a shard; each test is in exactly one of them, beside those it belongs to.

    ``lanes`` are the speeds of those that can run side by side, ``python`` is the interpreter of
    the release.
    """
    startup = estimates.get(startup_key(project, workload))
    keys = {test.id: item_key(project, workload, test.id) for test in tests}
    sharding = shard(
        [test.id for test in tests],
        {test: _quantiles(estimates[key]) for test, key in keys.items() if key in estimates},
        _quantiles(startup) if startup else None,
        lanes,
        None if spec.shards == "auto" else spec.shards,
        {test.id: test.belongs_to(spec.keep_together) for test in tests},
    )
    steps = [
        Step(
            id=f"shard-{number}",
            argv=_argv(spec, cwd, python, whole=len(sharding.shards) == 1),
            cwd=cwd,
            history_key=startup_key(project, workload),
            demand=spec.demand,
            items=tuple(keys[test] for test in ids),
            environment=dict(environment or {}),
            timeout_seconds=spec.timeout_seconds,
            retries=spec.retries,
            retry_delay_seconds=spec.retry_delay_seconds,
            auto=tuple(spec.auto),
            files=((PLUGIN, plugin_source()), (IDS, json.dumps(ids))),
            report=REPORT,
        )
        for number, ids in enumerate(sharding.shards, start=1)
    ]
    return step_graph(project, workload, steps, sharding.decision)


def _quantiles(estimate: Estimate) -> Quantiles:
    return (estimate.p50_seconds, estimate.p90_seconds)


def _argv(spec: PytestWorkload, cwd: Path, python: Path, *, whole: bool) -> tuple[str, ...]:
    return (
        str(python),
        f"{{directory}}/{PLUGIN}",
        # As one word: pytest takes a path of its own for a hint where the configuration lies.
        f"--slipway-ids={{directory}}/{IDS}",
        f"--slipway-results={{directory}}/{REPORT}",
        *(("--slipway-whole",) if whole else ()),
        "-o",
        "cache_dir={directory}/pytest_cache",
        *pytest_arguments(spec, cwd),
    )
