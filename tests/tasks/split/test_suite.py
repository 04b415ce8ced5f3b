"""A suite becomes shards whose commands select exactly their tests."""

from __future__ import annotations

import json
from pathlib import Path

from blocks.providers.interface import Resources
from blocks.workload_spec import PytestWorkload
from tasks.estimates import Estimate, estimate_of
from tasks.split.suite import IDS, PLUGIN, CollectedTest, item_key, split_pytest, startup_key
from tasks.workload import StepGraph

TESTS = ["t.py::a", "t.py::b[x/y::z]", "t.py::C::d"]
KEYS = [item_key("shop", "tests", test) for test in TESTS]


def split(spec: PytestWorkload, estimates: dict[str, Estimate], lanes: int = 2) -> StepGraph:
    """Split the three tests."""
    return split_pytest(
        "shop",
        "tests",
        spec,
        [CollectedTest(test) for test in TESTS],
        estimates,
        lanes=[1.0] * lanes,
        cwd=Path("/src"),
        python=Path("/env/bin/python"),
        environment={"A": "1"},
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
