"""Tests of the estimate of a step from its key and its items."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tasks.estimates import DEFAULT_SECONDS, Estimate, estimate_of, with_siblings
from tasks.workload import Step

SHARD = Step("s", ("x",), Path("/"), "startup", items=("a", "b", "c"))


def test_a_shard_takes_its_start_up_and_its_items_the_unknown_ones_as_the_average() -> None:
    """A new test would make its shard look shorter, or unknown altogether."""
    estimates = {
        "startup": Estimate("startup", 2, 3, n=9, source="history"),
        "a": Estimate("a", 4, 6, memory_mib=50, n=2, source="history"),
        "b": Estimate("b", 6, 8, success=0.5, n=5, source="history"),
    }
    estimate = estimate_of(SHARD, estimates)
    assert (estimate.p50_seconds, estimate.p90_seconds) == (2 + 15, 3 + 21)
    assert (estimate.memory_mib, estimate.success, estimate.n, estimate.source) == (
        50,
        0.5,
        2,
        "history",
    )


def test_what_the_user_expects_holds_until_history_knows_better() -> None:
    """An imported workflow would be planned as if all its steps took the same."""
    step = Step("s", ("x",), Path("/"), "key", expected_seconds=40)
    estimate = estimate_of(step, {})
    assert (estimate.p50_seconds, estimate.p90_seconds, estimate.source) == (40, 80, "declared")
    known_estimate = Estimate("key", 3, 4, n=9, source="history")
    assert estimate_of(step, {"key": known_estimate}) is known_estimate


def test_without_any_history_a_default_is_taken_and_said_to_be_one() -> None:
    """A first plan would be empty, or pass for a learnt one."""
    estimate = estimate_of(SHARD, {})
    assert (estimate.p50_seconds, estimate.source) == (DEFAULT_SECONDS, "default")


def member(value: str, *, declared: float | None = None) -> Step:
    """Return a member of the matrix of `test`."""
    step = Step(f"test[{value}]", ("x",), Path("/"), f"test[{value}]", expected_seconds=declared)
    return replace(step, group="test", matrix=(("py", value),))


def test_a_member_of_a_matrix_without_history_is_taken_to_last_as_the_others() -> None:
    """A new version of Python would be planned with five seconds beside minutes of the others."""
    other = Step("lone", ("x",), Path("/"), "lone")
    steps = [member("a"), member("b"), member("c"), member("new"), other]
    known = {
        f"test[{value}]": Estimate(
            f"test[{value}]", seconds, seconds * 2, seconds, 0.9, n=30, source="history"
        )
        for value, seconds in (("a", 10), ("b", 40), ("c", 20))
    }
    estimates = with_siblings(steps, known)
    expected = estimate_of(steps[3], estimates)
    assert (expected.p50_seconds, expected.p90_seconds, expected.memory_mib) == (20, 80, 40)
    assert (expected.success, expected.n, expected.source) == (0.9, 0, "siblings")
    assert {key: estimates[key] for key in known} == known
    assert estimate_of(other, estimates).source == "default"
    declared = member("new", declared=7)
    assert estimate_of(declared, with_siblings([*steps[:3], declared], known)).source == "declared"


def test_siblings_tell_it_for_each_kind_of_provider() -> None:
    """What takes twice as long in a container would be planned as if it did not."""
    on_docker = Estimate("test[a]", 20, 20, source="history", kind="docker")
    known = Estimate("test[a]", 10, 10, source="history", kind="shell", others=(on_docker,))
    estimates = with_siblings([member("a"), member("new")], {"test[a]": known})
    expected = estimates["test[new]"]
    assert (expected.kind, expected.p50_seconds) == ("shell", 10)
    assert expected.on("docker").p50_seconds == 20


def test_how_late_a_step_may_be_is_told_from_its_percentiles() -> None:
    """What passes others in the queue would end later than those were told."""
    assert Estimate("a", 2, 6).late_factor == 3
    assert Estimate("a", 2, 6, p80_seconds=4).late_factor == 2
    assert Estimate("a", 2, 1).late_factor == Estimate("a", 0, 1).late_factor == 1
