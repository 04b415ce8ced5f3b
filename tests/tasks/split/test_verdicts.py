"""Records of shards: exact ids, worst outcomes, missing tests, timings for the ledger."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from blocks.providers.interface import End, Outcome
from tasks.split.verdicts import read_record, read_report, shard_timings
from tasks.workload import ItemResult, Step, StepReport

GOOD = Outcome(end=End.SUCCEEDED, exit_code=0, started_at=0.0, ended_at=3.0)
BAD = Outcome(end=End.FAILED, exit_code=1, started_at=0.0, ended_at=3.0)
KILLED = Outcome(
    end=End.FAILED, cause="ended by SIGSEGV", exit_code=-11, started_at=0.0, ended_at=3.0
)


def ended(test: str, seconds: float = 1.0, outcome: str = "passed", message: str = "") -> str:
    """The lines of one test that has ended."""
    line = {"id": test, "seconds": seconds, "outcome": outcome, "message": message}
    return json.dumps({"started": test}) + "\n" + json.dumps(line) + "\n"


def report(folder: Path, text: str, tests: list[str], outcome: Outcome) -> StepReport:
    """What is read of a shard of ``tests`` that wrote ``text``."""
    (folder / "results.jsonl").write_text(text)
    items = tuple(f"p/w/{test}" for test in tests)
    step = Step("s", ("x",), folder, "p/w/startup", items=items, report="results.jsonl")
    return read_report("p", "w", step, folder, outcome)


def test_a_record_is_read_to_where_the_process_was_killed(tmp_path: Path) -> None:
    """A crash would lose the results of all tests before it, or be read as their end."""
    path = tmp_path / "r"
    path.write_text(ended("a") + json.dumps({"started": "b"}) + '\n{"id": "b", "sec')
    record = read_record(path)
    assert (record.results, record.running) == ((ItemResult("a", 1.0, "passed"),), "b")
    path.write_text(ended("a") + ended("a", 2.0, "failed", "x"))
    assert read_record(path).results == (ItemResult("a", 2.0, "failed", "x"),)
    assert read_record(tmp_path / "none").results == ()


def test_a_shard_that_ends_early_has_not_succeeded(tmp_path: Path) -> None:
    """`pytest.exit(returncode=0)` would make a suite succeed that was never run."""
    stopped = report(tmp_path, ended("a"), ["a", "b", "c"], GOOD)
    assert stopped.cause == "2 tests did not run: b; c"
    assert stopped.missing == ("b", "c")
    assert [key for key, *_ in stopped.timings] == ["p/w/a"]


def test_the_test_that_took_the_process_with_it_is_named(tmp_path: Path) -> None:
    """A crash would say `exit code -11`, and leave the user to bisect."""
    crashed = report(
        tmp_path, ended("a") + json.dumps({"started": "b"}) + "\n", ["a", "b", "c"], KILLED
    )
    assert crashed.cause == (
        "1 test failed: b (it was running when its process ended (ended by SIGSEGV)); "
        "1 test did not run: c"
    )
    assert [(item.id, item.outcome) for item in crashed.items] == [("a", "passed"), ("b", "error")]
    late = report(
        tmp_path,
        json.dumps({"started": "b"}) + "\n",
        ["b"],
        GOOD.model_copy(update={"end": End.TIMED_OUT}),
    )
    assert "the time limit of its shard was reached" in late.cause


@pytest.mark.parametrize("outcome", [GOOD, BAD])
@pytest.mark.parametrize(
    ("make", "kind"),
    [(Path.mkdir, "a folder"), (os.mkfifo, "a named pipe")],
    ids=["folder", "pipe"],
)
def test_a_record_that_a_test_has_replaced_is_named(
    tmp_path: Path, make: Callable[[Path], object], kind: str, outcome: Outcome
) -> None:
    """The workload would wait for ever, or end with a stack trace of ours."""
    path = tmp_path / "results.jsonl"
    make(path)
    step = Step("s", ("x",), tmp_path, "p/w/startup", items=("p/w/a",), report=path.name)
    read = read_report("p", "w", step, tmp_path, outcome)
    assert f"{path} is {kind}" in read.cause
    assert "leave that path to Slipway" in read.cause


def test_a_shard_that_never_began_is_explained_by_its_log(tmp_path: Path) -> None:
    """The reason, a usage error of pytest, would be hidden behind `3 tests did not run`."""
    assert report(tmp_path, "", ["a", "b", "c"], BAD).cause == ""
    assert report(tmp_path, "", ["a"], GOOD).cause == "1 test did not run: a"


def test_start_up_is_what_the_tests_do_not_explain() -> None:
    """Start-up would be learnt as zero, and every shard split too finely."""
    results = [ItemResult("a", 1.0, "passed"), ItemResult("b", 2.0, "failed")]
    assert shard_timings("p", "w", 4.5, results) == [
        ("p/w/a", 1.0, True),
        ("p/w/b", 2.0, False),
        ("p/w/startup", 1.5, True),
    ]
    assert shard_timings("p", "w", 4.5, []) == []


def test_a_failed_shard_names_its_failed_tests(tmp_path: Path) -> None:
    """The summary would say `exit code 1` and leave the user to read logs."""
    step_report = report(
        tmp_path, ended("t.py::a", 1, "failed", "assert 1 == 2\nmore"), ["t.py::a"], BAD
    )
    assert step_report.cause == "1 test failed: t.py::a (assert 1 == 2)"
    assert step_report.timings == (("p/w/t.py::a", 1.0, False), ("p/w/startup", 2.0, True))


def test_a_step_without_a_report_leaves_nothing(tmp_path: Path) -> None:
    """Any declared step would be looked at for a record of tests."""
    step = Step("s", ("x",), tmp_path, "p/w/s")
    assert read_report("p", "w", step, tmp_path, GOOD).timings == ()


@pytest.mark.parametrize(
    "seconds", ["Infinity", "NaN", "-5", '"abc"', "1e999", "null", "[1]", "9" * 400]
)
def test_times_that_are_none_teach_nothing(tmp_path: Path, seconds: str) -> None:
    """Broken: one test that reports a time of infinity, or of text, fails the whole shard."""
    path = tmp_path / "r"
    line = f'{{"id": "a", "seconds": {seconds}, "outcome": "passed", "message": ""}}'
    path.write_text(f"{line}\n{ended('b', 2.0)}")
    assert [result.seconds for result in read_record(path).results] == [0.0, 2.0]


def test_what_is_no_entry_of_ours_is_passed_over(tmp_path: Path) -> None:
    """Broken: a test that writes to the record of its shard ends the run with a stack trace."""
    strange = [
        "7",
        "null",
        "[]",
        "{}",
        '{"id": 7}',
        '{"status": "x"}',
        '{"limit": "x"}',
        "[" * 9000,
    ]
    strange += ['{"id": "a", "outcome": {}, "message": ""}', '{"started": 1}', "\ud800"]
    path = tmp_path / "r"
    path.write_text("\n".join([*strange, ended("a")]), errors="surrogatepass")
    record = read_record(path)
    assert record.results == (ItemResult("a", 1.0, "passed"),)
    assert (record.status, record.coverage, record.rerun) == (None, None, frozenset())
