"""The split of a pytest suite into shards of test ids, balanced by their estimates; pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from blocks.workload_spec import PytestWorkload
from tasks.estimates import Estimate, Estimates
from tasks.quantities import count_of
from tasks.split.graph import step_graph
from tasks.split.shards import Quantiles, shard
from tasks.split.testpaths import has_test_paths
from tasks.workload import SplitDecision, Step, StepGraph

PLUGIN = "slipway_pytest.py"
IDS = "ids.json"
REPORT = "results.jsonl"
COVERAGE = "coverage"
"""The file of coverage data, unless the suite names one of its own."""
_STARTUP = "startup"
_TESTS = "tests"


@dataclass(frozen=True, slots=True)
class CollectedTest:
    """One test: its module, its class, and the class as ``sharing`` where its tests share state."""

    id: str
    module: str = ""
    owner: str = ""
    sharing: str = ""

    def belongs_to(self, keep_together: str) -> str:
        """Return the unit that must not be cut to which it belongs; itself where there is none."""
        owners = {"module": self.module, "class": self.owner, "auto": self.sharing}
        return owners.get(keep_together) or self.id


def startup_key(project: str, workload: str) -> str:
    """Return the history key of the start-up that every shard pays beside its tests."""
    return f"{project}/{workload}/{_STARTUP}"


def item_key(project: str, workload: str, test_id: str) -> str:
    """Return the history key of one test."""
    return f"{project}/{workload}/{test_id}"


@cache
def plugin_source() -> str:
    """Return the text of the plugin that is copied beside the ids of a shard."""
    return Path(__file__).with_name(PLUGIN).read_text(encoding="utf-8")


def pytest_arguments(spec: PytestWorkload, cwd: Path) -> tuple[str, ...]:
    """Return the arguments of both collection and shards, so that they find the same ids.

    Without paths that is `tests`, where it exists and the suite's own settings name none.
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
    left_out: int = 0,
    source: str = "",
) -> StepGraph:
    """Return one step for each shard; each test is in exactly one, with those it belongs to.

    ``lanes`` are the speeds of the lanes that can run in parallel, ``python`` is the interpreter
    of the release. ``left_out`` is the number of tests that succeeded in the run ``source`` and are
    not among ``tests``.
    """
    if not tests:
        return StepGraph(project, workload, (), _decision(SplitDecision(0, ""), left_out, source))
    startup = estimates.get(startup_key(project, workload))
    keys = {test.id: item_key(project, workload, test.id) for test in tests}
    sharding = shard(
        [test.id for test in tests],
        {test: _quantiles(estimates[key]) for test, key in keys.items() if key in estimates},
        _quantiles(startup) if startup else None,
        lanes,
        requested=None if spec.shards == "auto" else spec.shards,
        together={test.id: test.belongs_to(spec.keep_together) for test in tests},
    )
    steps = [
        Step(
            id=f"shard-{number}",
            argv=_argv(spec, cwd, python, whole=len(sharding.shards) == 1 and not left_out),
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
    decision = _decision(sharding.decision, left_out, source)
    return step_graph(project, workload, steps, decision)


def _decision(decision: SplitDecision, left_out: int, source: str) -> SplitDecision:
    if not left_out:
        return decision
    taken = f"{count_of(left_out, 'test')} succeeded in {source}: not repeated."
    return replace(decision, reason=f"{decision.reason} {taken}".strip(), left_out=left_out)


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
