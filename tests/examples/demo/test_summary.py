"""What `ship` says of itself, read back from what it really writes."""

from __future__ import annotations

from examples.demo.summary import Shipped, read_summary
from tasks.observe.summary import ShipSummary, StepLine, WorkloadSummary, ship_markdown


def _summary() -> ShipSummary:
    workload = WorkloadSummary(
        workload="tests",
        split_reason="Two shards.",
        steps=(StepLine("shard-1", "local", 6.0, 5.0, "succeeded"),),
        planned_seconds=6.0,
        bound_seconds=5.5,
        actual_seconds=5.0,
        estimate_source="trained",
        tests=83,
    )
    parts = (("launch", 3.25, "1 instance"), ("deploy", 1.5, "green"))
    return ShipSummary("guestbook", "demo", "1.1.0", parts, workload, release="abc")


def test_parts_tests_and_estimates_are_found() -> None:
    """The closing table would lack the wall time of each part, or how far the plan was off."""
    other = {"data": "| part | of | another |\n"}
    read = read_summary([other, {"data": ship_markdown(_summary())}])
    assert read.parts == (("launch", 3.2, "1 instance"), ("deploy", 1.5, "green"))
    assert read.tests == 83
    assert read.source == "trained"
    assert read.estimates.startswith("Estimates (trained) were off by 20% a step; planned 6.0 s")


def test_nothing_said_is_nothing_read() -> None:
    """A `ship` without a workload, or without artifacts, would crash the demo."""
    assert read_summary([]) == Shipped()
    assert read_summary([{"data": None}, {"key": "x"}]) == Shipped()
