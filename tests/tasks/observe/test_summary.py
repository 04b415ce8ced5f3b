"""The closing report says what happened, in figures a user can check."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tasks.observe.summary import (
    ShipSummary,
    StepLine,
    WorkloadSummary,
    estimate_error,
    estimate_sentence,
    ship_markdown,
    workload_markdown,
)


def line(
    step: str = "a", planned: float = 2, actual: float | None = 4, outcome: str = "succeeded"
) -> StepLine:
    """A step line with what the test does not care about filled in."""
    return StepLine(step, "local", planned, actual, outcome)


def workload(*steps: StepLine, failures: tuple[tuple[str, str], ...] = ()) -> WorkloadSummary:
    """A workload of ``steps``."""
    return WorkloadSummary("tests", "Two shards.", steps, 2, 1.5, 4, "history", failures=failures)


def test_the_error_is_the_mean_over_steps_that_ran() -> None:
    """A step that never ran has no error, and must not dilute the mean."""
    steps = (line(planned=20, actual=40), line(planned=30, actual=20), line(actual=None))
    assert estimate_error(steps) == "50% a step"


def test_a_short_step_is_off_by_seconds() -> None:
    """A step of 0.4 s that was planned for 5.4 s would be reported as off by 1250 %."""
    short = line(planned=5.4, actual=0.4)
    assert estimate_error((short,)) == "5.0 s a step"
    assert estimate_error((short, line(planned=8, actual=10))) == (
        "20% a step and 5.0 s a step below 5 s"
    )


def test_without_steps_there_is_no_error() -> None:
    """A zero would read as a perfect estimate."""
    assert not estimate_error(())
    assert "could not" in estimate_sentence(workload(line(actual=None)))


def test_the_sentence_names_source_and_error() -> None:
    """The user must see what the estimate was worth."""
    sentence = estimate_sentence(workload(line(planned=5, actual=10)))
    assert "history" in sentence
    assert "50%" in sentence


@pytest.mark.parametrize("outcome", ["failed", "timed out", "not run: needs a, which failed"])
def test_a_step_that_did_not_succeed_fails_the_workload(outcome: str) -> None:
    """A summary that says succeeded is believed."""
    assert not workload(line(outcome=outcome)).succeeded
    assert "FAILED" in workload_markdown(workload(line(outcome=outcome)))


def test_a_skipped_step_does_not_fail_it() -> None:
    """A step whose `when` is false is not a failure."""
    assert workload(line(outcome="skipped", actual=None)).succeeded


def test_the_extent_counts_what_ran_and_says_where_nothing_did() -> None:
    """Broken: a workload whose steps were all skipped has succeeded, and nobody wonders."""
    ran = workload(line(), line(), line(outcome="skipped", actual=None))
    assert ran.extent == "2 steps, 1 skipped"
    assert workload(line(), line()).extent == "2 steps"
    assert replace(workload(line()), tests=180).extent == "1 step, 180 tests"
    resumed = workload(line(outcome="succeeded in a former run", actual=None))
    assert replace(resumed, resumed_steps=1).extent == "1 step"
    nothing = workload(line(outcome="skipped", actual=None))
    assert nothing.extent == "no step ran: each was skipped, or had no items"


def test_what_nobody_may_miss_includes_that_nothing_ran() -> None:
    """Broken: a version is shipped, and nobody learns that its tests were all skipped."""
    skipped = replace(workload(line(outcome="skipped", actual=None)), remarks=("Note.",))
    told = "Of its workload no step ran: each was skipped, or had no items."
    assert skipped.warnings == (told, "Note.")
    assert replace(skipped, resumed_steps=1).warnings == ("Note.",)


def test_failing_tests_are_named() -> None:
    """The reader wants the name of the test, not of the shard."""
    report = workload_markdown(workload(line(), failures=(("tests/t.py::t", "assert 1 == 2"),)))
    assert "`tests/t.py::t`: assert 1 == 2" in report


def test_ship_lists_what_it_knows_and_only_that() -> None:
    """An empty row is noise."""
    summary = ShipSummary(
        "shop", "dev", "1.1", (("deploy", 3.21, "done"),), urls=("http://127.0.0.1:8300",)
    )
    report = ship_markdown(summary)
    assert "<http://127.0.0.1:8300>" in report
    assert "| deploy | 3.2 | done |" in report
    assert "Snapshot" not in report


def test_ship_says_first_how_it_ended() -> None:
    """A failed shipment would have to be told from a good one by reading its table of parts."""
    parts = (("build", 1.0, "done"), ("backup", 2.0, "failed"))
    assert ship_markdown(ShipSummary("shop", "dev", "1.1", parts)).startswith(
        "# shop 1.1 in dev: FAILED (backup)\n"
    )
    assert ShipSummary("shop", "dev", "", parts[:1]).headline.endswith("in dev: shipped")


def test_steps_are_counted_as_steps_and_tests_as_tests() -> None:
    """A workload of steps that all ran would be reported as `Tests | 0`."""
    steps = ShipSummary("p", "dev", "1", (), workload(line("a"), line("b")))
    assert "| Steps | 2 |" in ship_markdown(steps)
    assert "Tests" not in ship_markdown(steps)
    suite = replace(workload(line("a"), line("b")), tests=83)
    assert "| Tests | 83 |" in ship_markdown(replace(steps, workload=suite))


def test_what_was_taken_over_is_counted_apart() -> None:
    """A run that executed nothing would read as one that did it all, or as one without tests."""
    taken = line("a", actual=None, outcome="succeeded, taken from the run of then")
    seen = replace(workload(taken, line("b")), taken_steps=1, repeated="the run of then")
    assert seen.extent == "1 step, 1 taken over"
    assert "- Only what failed in the run of then was run again" in workload_markdown(seen)
    nothing = replace(workload(taken), taken_steps=1, repeated="the run of then")
    assert nothing.extent == "all of it had succeeded in the run of then, so nothing was run"
    assert nothing.warnings == ()
    cached = line("a", actual=None, outcome="succeeded, cached: inputs unchanged")
    assert replace(nothing, steps=(cached,)).extent == "0 steps, 1 taken over"
    tests = replace(seen, tests=2, taken_tests=3)
    assert tests.extent.endswith("2 tests, 3 tests of the run of then not repeated")
