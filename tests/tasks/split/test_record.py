"""The record of a split: a resumed workload gets the steps it started with."""

from __future__ import annotations

import stat
from pathlib import Path

from blocks.providers.interface import Resources
from tasks.split.record import keep_graph, kept_graph
from tasks.workload import SplitDecision, Step, StepGraph


def test_a_kept_graph_comes_back_equal_and_without_the_environment_on_disk(tmp_path: Path) -> None:
    """A resumed workload would run other steps, or a secret would lie on disk."""
    base = {"TOKEN": "hunter2", "MODE": "dev"}
    step = Step(
        "a",
        ("sh", "-c", "true"),
        tmp_path,
        "p/w/a",
        needs=("b",),
        demand=Resources(cpus=0.5, memory_mib=64),
        items=("p/w/x",),
        environment={**base, "OWN": "1"},
        timeout_seconds=3.5,
        files=(("ids.json", "[]"),),
        report="junit.xml",
    )
    graph = StepGraph("p", "w", (step,), SplitDecision(1, "because", ((1, 2.5),)))
    path = tmp_path / "deep" / "graph.json"
    keep_graph(path, graph, base)
    assert kept_graph(path, base) == graph
    assert "hunter2" not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_nothing_kept_is_none(tmp_path: Path) -> None:
    """A first run would fail for want of a former one."""
    assert kept_graph(tmp_path / "graph.json", {}) is None
