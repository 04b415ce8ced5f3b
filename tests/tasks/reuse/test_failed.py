"""Tests of what `only: failed` runs again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from blocks.providers.interface import End, Outcome
from tasks.reuse.declaration import declarations
from tasks.reuse.ended_run import EndedRun, EndedStep
from tasks.reuse.failed import failed_only
from tasks.reuse.taken import Reuse
from tests.tasks.planning.fakes import BAD, GOOD, graph_of, step

GRAPH = graph_of(step("a"), step("b", "a"), step("c", "b"), step("other"))
DIGESTS = declarations(GRAPH, {})


def ended(**steps: Outcome | str) -> EndedRun:
    """Return a run of the graph, in which each step succeeded but for these."""
    ends: dict[str, Outcome | str] = {**dict.fromkeys(DIGESTS, GOOD), **steps}
    rows = {
        name: EndedStep(end, DIGESTS.get(name, ""))
        if isinstance(end, str)
        else EndedStep("succeeded" if end.succeeded else "failed", DIGESTS.get(name, ""), end)
        for name, end in ends.items()
    }
    return EndedRun("w", "d1", 0.0, "", rows)


def reused(former: EndedRun, release: str = "d1", *, files_kept: bool = True) -> Reuse:
    """Return what is taken from it."""
    return failed_only(GRAPH, DIGESTS, former, release, files_kept=files_kept)


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (BAD, "it failed"),
        (BAD.model_copy(update={"end": End.TIMED_OUT}), "it timed out"),
        ("not run", "it was not run"),
        ("cancelled", "it was cancelled"),
    ],
)
def test_what_did_not_succeed_runs_with_what_needs_it(end: Outcome | str, reason: str) -> None:
    """A step would keep an outcome that was made from what a failed step left."""
    reuse = reused(ended(b=end))
    assert reuse.reasons == {"b": reason, "c": "it needs b, which is run again"}
    assert set(reuse.taken) == reuse.left_out == {"a", "other"}
    assert reuse.take(GRAPH.step("b")) is None
    taken = reuse.take(GRAPH.step("a"))
    assert taken
    assert (taken.outcome, taken.why) == (GOOD, "taken from the run of 1970-01-01 00:00:00 UTC")


def test_without_the_files_of_the_former_run_what_is_needed_runs_too() -> None:
    """A step would be run again without what the step before it has built."""
    reuse = reused(ended(c=BAD), files_kept=False)
    assert reuse.reasons == {
        "c": "it failed",
        "b": "c needs its files, which are gone",
        "a": "b needs its files, which are gone",
    }
    assert set(reuse.taken) == {"other"}


def test_a_step_that_was_skipped_is_not_planned_and_has_no_outcome() -> None:
    """What needs a skipped step would be run again each time."""
    reuse = reused(ended(b="skipped", c="skipped"))
    assert (reuse.reasons, set(reuse.taken)) == ({}, {"a", "other"})
    assert reuse.left_out == set(DIGESTS)


def test_new_and_changed_steps_and_those_of_another_release_run() -> None:
    """A step would count as done that is another one by now."""
    former = ended()
    changed = {**former.steps, "a": replace(former.steps["a"], declaration="other")}
    del changed["other"]
    reuse = reused(replace(former, steps=changed))
    assert (reuse.reasons["a"], reuse.reasons["other"]) == ("it was changed", "it is new")
    assert set(reused(former, "d2").reasons.values()) == {"that was release d1"}


def test_of_a_list_that_failed_the_items_that_succeeded_are_taken() -> None:
    """One bad item would repeat the other ones; or items stay although what they need does not."""
    items = {
        "b[x]": EndedStep("succeeded", "", GOOD, "b"),
        "b[y]": EndedStep("failed", "", BAD, "b"),
    }
    former = ended(b="failed")
    former = replace(former, steps={**former.steps, **items})
    reuse = reused(former)
    item = replace(GRAPH.step("b"), id="b[x]", group="b")
    assert reuse.take(item)
    assert reuse.take(replace(item, id="b[y]")) is None
    anew = replace(former, steps={**former.steps, "a": EndedStep("failed", DIGESTS["a"], BAD)})
    assert reused(anew).take(item) is None


def test_limits_and_resources_are_no_part_of_a_declaration() -> None:
    """Who raises a time limit after a time-out would have to run everything again."""
    patient = replace(GRAPH.step("a"), timeout_seconds=9.0, retries=3)
    assert declarations(graph_of(patient), {})["a"] == DIGESTS["a"]
    other = replace(GRAPH.step("a"), environment={"HOME": "/x", "LEVEL": "2"})
    assert declarations(graph_of(other), {"HOME": "/x"})["a"] != DIGESTS["a"]
    assert declarations(graph_of(other), other.environment)["a"] == DIGESTS["a"]
