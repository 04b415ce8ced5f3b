"""The settings of a step that history decides, and those that it does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from blocks.providers.interface import Resources
from tasks.distribute.dispatch.runner import command_of
from tasks.estimates import Estimate
from tasks.plan import FleetSnapshot, ProviderState
from tasks.planning.autotune import with_history
from tasks.planning.core.admissible import refuse_impossible
from tasks.workload import SplitDecision, Step, StepGraph

ROOM = Resources(cpus=4, memory_mib=1000, slots=4)
FLEET = FleetSnapshot(1, 0.0, (ProviderState("m", "shell", ROOM, ROOM, speed=0.5),))
STEP = Step("s", ("true",), Path("/"), "p/w/s")
KNOWN = Estimate("p/w/s", 10.0, 15.0, 400.0, 0.6, 20, "history", 12.0, 20.0)


def _decided(step: Step, estimate: Estimate = KNOWN) -> tuple[Step, list[str]]:
    graph = StepGraph("p", "w", (step,), SplitDecision(1, ""))
    changed, choices = with_history(graph, {estimate.key: estimate}, FLEET)
    return changed.steps[0], [f"{choice.kind}: {choice.chosen}" for choice in choices]


def _with_memory(mib: int, *auto: str) -> Step:
    return replace(STEP, demand=Resources(cpus=1, memory_mib=mib, slots=1), auto=auto)


def test_undeclared_memory_is_reserved_but_no_limit() -> None:
    """Two steps of half the machine would run beside a third, or be killed at their median."""
    step, choices = _decided(STEP)
    assert (step.demand.memory_mib, choices) == (400, ["memory: 400 MiB"])
    assert command_of(step, Path("/d")).memory_mib is None


def test_the_memory_of_a_shard_is_that_of_the_whole() -> None:
    """Test suites would never reserve memory: their items and their start-up have none."""
    shard = replace(STEP, history_key="p/w/startup", items=("p/w/t",))
    items = {key: Estimate(key, 1.0, 2.0, n=9) for key in ("p/w/startup", "p/w/t")}
    graph = StepGraph("p", "w", (shard,), SplitDecision(1, ""))
    changed, _ = with_history(graph, {**items, KNOWN.key: KNOWN}, FLEET)
    assert changed.steps[0].demand.memory_mib == 400
    assert with_history(graph, items, FLEET) == (graph, ())


def test_declared_memory_is_changed_only_where_it_is_asked_for() -> None:
    """A demand would be lowered silently, or a step be killed below what its user granted."""
    assert _decided(_with_memory(900)) == (_with_memory(900), [])
    step, _ = _decided(_with_memory(900, "memory"))
    assert step.demand.memory_mib == 400
    assert command_of(step, Path("/d")).memory_mib == 900


def test_few_runs_are_given_spare() -> None:
    """The second run would be planned as if the first had shown all there is."""
    few, _ = _decided(STEP, replace(KNOWN, n=1))
    assert few.demand.memory_mib == 590


def test_a_time_out_is_generous_and_knows_the_slowest_provider() -> None:
    """A step that is merely slow would be killed."""
    step, choices = _decided(_with_memory(1, "timeout"))
    assert (step.timeout_seconds, choices) == (160.0, ["timeout: 160 s"])
    assert _decided(_with_memory(1))[0].timeout_seconds is None
    # With less memory reserved it may go where it could not before.
    fast = ProviderState("n", "shell", ROOM + ROOM, ROOM + ROOM, speed=2.0)
    both = FleetSnapshot(1, 0.0, (*FLEET.providers, fast))
    graph = StepGraph("p", "w", (_with_memory(1500, "memory", "timeout"),), SplitDecision(1, ""))
    changed, _ = with_history(graph, {KNOWN.key: KNOWN}, both)
    assert changed.steps[0].timeout_seconds == 160.0
    declared = replace(_with_memory(1, "timeout"), timeout_seconds=5.0)
    assert _decided(declared)[0].timeout_seconds == 5.0
    assert _decided(_with_memory(1, "timeout"), replace(KNOWN, n=4))[0].timeout_seconds is None


def test_retries_follow_the_probability_of_failure() -> None:
    """What fails now and then would fail the run, or what is broken be tried again and again."""
    step = _with_memory(1, "retries")
    assert _decided(step, replace(KNOWN, success=0.6))[0].retries == 3
    assert _decided(step, replace(KNOWN, success=0.95))[0].retries == 1
    assert _decided(step, replace(KNOWN, success=1.0))[0].retries == 0
    assert _decided(step, replace(KNOWN, success=0.1))[0].retries == 0
    assert _decided(replace(step, idempotent=False))[0].retries == 0
    assert _decided(replace(step, retries=2))[0].retries == 2


@given(
    st.integers(0, 1000),
    st.floats(0, 1e7),
    st.integers(0, 50),
    st.lists(st.sampled_from(["memory", "timeout", "retries"])),
)
def test_what_could_run_still_can(declared: int, needed: float, n: int, auto: list[str]) -> None:
    """A workload that was fine would be refused for what its history says."""
    step, _ = _decided(_with_memory(declared, *auto), replace(KNOWN, memory_mib=needed, n=n))
    refuse_impossible(StepGraph("p", "w", (step,), SplitDecision(1, "")), FLEET)
    assert not declared or step.demand.memory_mib <= declared
