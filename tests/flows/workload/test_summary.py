"""Tests of the summary of a workload."""

from __future__ import annotations

from dataclasses import replace

from flows.workload.summary import first_line, last_outcomes, workload_summary
from tasks.distribute.dispatch.results import StepFailedError, StepResult, StepState
from tasks.observe.summary import WorkloadSummary
from tasks.plan import FleetSnapshot
from tasks.planning.planner import plan
from tasks.workload import ItemResult, StepReport
from tests.tasks.planning.fakes import BAD, GOOD, estimates_of, graph_of, provider, step

GRAPH = graph_of(replace(step("tests-1"), items=("t::a", "t::b")), step("pack", "tests-1"))
PLAN = plan(
    GRAPH,
    estimates_of({"tests-1": 4, "pack": 2, "t::a": 1, "t::b": 1}),
    FleetSnapshot(1, 0.0, (provider("x"),)),
)
PASSED = StepResult("tests-1", StepState.SUCCEEDED, "", "x", GOOD, 1)
PACKED = StepResult("pack", StepState.SUCCEEDED, "", "x", GOOD, 1)


def summary(*results: StepResult, **reports: StepReport) -> WorkloadSummary:
    """Sum up those results; ``reports`` are by step, with _ for a dash."""
    named = {name.replace("_", "-"): report for name, report in reports.items()}
    return workload_summary(
        GRAPH, PLAN, {step_result.step: step_result for step_result in results}, named, 7.0
    )


def test_plan_and_actual_stand_side_by_side() -> None:
    """Broken: the report does not show whether the plan was any good."""
    result = summary(PASSED, PACKED)
    assert result.succeeded
    assert [
        (line.step, line.provider, line.planned_seconds, line.actual_seconds)
        for line in result.steps
    ] == [("tests-1", "x", 6.0, 1.0), ("pack", "x", 2.0, 1.0)]
    assert (result.planned_seconds, result.actual_seconds, result.tests) == (8.0, 7.0, 2)


def test_a_failed_test_is_named_rather_than_its_shard() -> None:
    """Broken: who reads that `tests-1` failed has to search the logs for the test."""
    failed = replace(PASSED, state=StepState.FAILED, detail="failed: exit code 1", outcome=BAD)
    report = StepReport(
        (
            ItemResult("t::a", 1.0, "passed"),
            ItemResult("t::b", 1.0, "failed", "\n  assert 1 == 2\n  +1"),
            ItemResult("t::c", 0.0, "error"),
        )
    )
    blocked = StepResult("pack", StepState.NOT_RUN, "needs tests-1, which failed")
    result = summary(failed, blocked, tests_1=report)
    assert not result.succeeded
    assert result.failures == (("t::b", "assert 1 == 2"), ("t::c", "error"))
    assert result.steps[1].actual_seconds is None
    assert result.steps[1].outcome == "not run: needs tests-1, which failed"


def test_a_step_that_failed_without_a_report_names_itself() -> None:
    """Broken: a shard that was killed fails the workload without a word."""
    killed = replace(PASSED, state=StepState.FAILED, detail="out of memory\nmore", outcome=BAD)
    assert summary(killed, PACKED).failures == (("tests-1", "out of memory"),)


def test_what_a_former_run_did_is_not_compared_with_this_plan() -> None:
    """Broken: a resumed workload reports estimates that were off by what it did not run."""
    result = summary(replace(PASSED, resumed=True), PACKED)
    assert result.resumed_steps == 1
    assert result.steps[0].actual_seconds is None
    assert result.steps[0].outcome == "succeeded in a former run"


def test_a_line_fits_a_cell_of_a_table() -> None:
    """Broken: a message with a bar or a line break tears the table of the report."""
    assert first_line("\n\n a | b \nc") == "a \\| b"
    assert len(first_line("x" * 1000)) == 300
    assert first_line("") == ""


CHAIN = graph_of(step("fetch"), step("load", "fetch"), step("publish", "load"), step("lint"))
CHAIN_PLAN = plan(CHAIN, estimates_of({}), FleetSnapshot(1, 0.0, (provider("x"),)))
WHY = StepFailedError("load", BAD, "loading\nconnection refused\n").brief
RESULTS = {
    "fetch": StepResult("fetch", StepState.SUCCEEDED, "", "x", GOOD, 1),
    "load": StepResult("load", StepState.FAILED, WHY, "x", BAD, 2),
    "publish": StepResult("publish", StepState.NOT_RUN, "needs load, which failed"),
    "lint": StepResult("lint", StepState.SUCCEEDED, "", "x", GOOD, 1),
}


def test_a_failed_step_is_named_once_with_the_last_thing_it_said() -> None:
    """Whoever is called at night would read `failed: failed: exit code 3`, and open a log for why."""
    summary = workload_summary(CHAIN, CHAIN_PLAN, RESULTS, {}, 1.0)
    why = "exit code 3; its last line: connection refused"
    assert summary.failures == (("load", why),)
    assert [line.outcome for line in summary.steps] == [
        "succeeded",
        f"failed: {why}",
        "not run: needs load, which failed",
        "succeeded",
    ]


def test_the_last_outcomes_are_those_that_no_step_waits_for() -> None:
    """In the graph of the run, what follows a workload would not follow its last steps."""
    assert last_outcomes(CHAIN, RESULTS) == (GOOD,)
    assert last_outcomes(graph_of(step("fetch"), step("load", "fetch")), RESULTS) == (BAD,)


def test_a_list_is_one_line_before_those_of_its_items() -> None:
    """A failed item would be counted twice, or the report break on a step that no plan knows."""
    failed = StepResult("load", StepState.FAILED, "failed: 1 of 2: load[b]", parts=2)
    results = {
        "fetch": RESULTS["fetch"],
        "load": failed,
        "load[a]": StepResult("load[a]", StepState.SUCCEEDED, "", "x", GOOD, 1, group="load"),
        "load[b]": StepResult("load[b]", StepState.FAILED, WHY, "x", BAD, 1, group="load"),
    }
    graph = graph_of(step("fetch"), step("load", "fetch"))
    summary = workload_summary(graph, CHAIN_PLAN, results, {}, 1.0)
    assert [line.step for line in summary.steps] == list(results)
    assert summary.failures == (("load[b]", "exit code 3; its last line: connection refused"),)
    assert summary.steps[2].planned_seconds == summary.steps[1].planned_seconds
    assert last_outcomes(graph, results) == (GOOD, BAD)
    done = replace(failed, state=StepState.SUCCEEDED, detail="")
    assert (
        workload_summary(
            graph, CHAIN_PLAN, {**results, "load": done, "load[b]": results["load[a]"]}, {}, 1.0
        )
        .steps[1]
        .outcome
        == "succeeded (2 items)"
    )
