"""A suite becomes shards whose commands select exactly their tests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from blocks.providers.interface import Resources
from blocks.workload_spec import PytestWorkload
from tasks.estimates import Estimate, estimate_of
from tasks.split.suite import IDS, PLUGIN, CollectedTest, item_key, split_pytest, startup_key
from tasks.workload import StepGraph

TESTS = ["t.py::a", "t.py::b[x/y::z]", "t.py::C::d"]
KEYS = [item_key("shop", "tests", test) for test in TESTS]


def split(
    spec: PytestWorkload,
    estimates: dict[str, Estimate],
    lanes: int = 2,
    *,
    left_out: int = 0,
    tests: Sequence[str] = TESTS,
) -> StepGraph:
    """Split the three tests, or those given."""
    return split_pytest(
        "shop",
        "tests",
        spec,
        [CollectedTest(test) for test in tests],
        estimates,
        lanes=[1.0] * lanes,
        cwd=Path("/src"),
        python=Path("/env/bin/python"),
        environment={"A": "1"},
        left_out=left_out,
        source="the run of then",
    )


def test_each_shard_carries_its_ids_its_limits_and_its_report() -> None:
    """A shard would run other tests than the plan counted, or without the limits it was given."""
    spec = PytestWorkload(
        kind="pytest",
        arguments=["-m", "not slow"],
        demand=Resources(cpus=2),
        timeout_seconds=60,
        retries=1,
    )
    graph = split(spec, {})
    selected = [json.loads(dict(step.files)[IDS]) for step in graph.steps]
    assert sorted(test for tests in selected for test in tests) == sorted(TESTS)
    first = graph.step("shard-1")
    assert first.items == tuple(item_key("shop", "tests", test) for test in selected[0])
    assert first.argv[:2] == ("/env/bin/python", f"{{directory}}/{PLUGIN}")
    assert first.argv[-2:] == ("-m", "not slow")
    assert (first.demand.cpus, first.timeout_seconds, first.retries) == (2, 60, 1)
    assert (first.environment, first.report) == ({"A": "1"}, "results.jsonl")


def test_history_of_tests_and_start_up_decides_the_cut_and_the_estimate() -> None:
    """The second run would not learn from the first."""
    times = dict(zip(KEYS, (8.0, 3.0, 4.0), strict=True)) | {startup_key("shop", "tests"): 1.0}
    estimates = {key: Estimate(key, value, value) for key, value in times.items()}
    graph = split(PytestWorkload(kind="pytest"), estimates)
    assert [step.items for step in graph.steps] == [(KEYS[0],), (KEYS[1], KEYS[2])]
    assert [estimate_of(step, estimates).p50_seconds for step in graph.steps] == [9.0, 8.0]


def test_a_fixed_number_of_shards_is_kept() -> None:
    """`shards: 3` would be overruled."""
    assert len(split(PytestWorkload(kind="pytest", shards=3), {}, lanes=1).steps) == 3


def test_what_is_left_out_is_told_and_the_rest_is_not_the_whole_suite() -> None:
    """The rest would be judged by the coverage of the whole suite; or nobody know what ran."""
    spec = PytestWorkload(kind="pytest", shards=1)
    assert "--slipway-whole" in split(spec, {}).steps[0].argv
    graph = split(spec, {}, left_out=2)
    assert "--slipway-whole" not in graph.steps[0].argv
    assert graph.decision.reason.endswith("2 tests succeeded in the run of then: not repeated.")
    nothing = split(spec, {}, left_out=3, tests=())
    assert (nothing.steps, nothing.decision.left_out) == ((), 3)
