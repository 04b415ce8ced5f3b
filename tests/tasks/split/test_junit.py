"""Reports of shards: exact ids, worst verdicts, timings for the ledger."""

from __future__ import annotations

import json
from pathlib import Path
from xml.sax.saxutils import quoteattr

import pytest

from blocks.providers.interface import End, Outcome
from tasks.errors import SlipwayError
from tasks.split.junit import read_junit, read_report, shard_timings
from tasks.workload import ItemResult, Step


def case(test_id: str, seconds: float, inner: str = "") -> str:
    """One testcase as pytest writes it with our property."""
    value, name = quoteattr(json.dumps(test_id)), quoteattr(test_id.split("[", maxsplit=1)[0])
    return (
        f'<testcase classname="c" name={name} time="{seconds}"><properties>'
        f'<property name="slipway_id" value={value}/></properties>{inner}</testcase>'
    )


def report(path: Path, *cases: str) -> Path:
    """A report of those cases."""
    path.write_text(f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>")
    return path


def test_ids_come_back_exactly_however_odd(tmp_path: Path) -> None:
    """A test would be counted as missing, and its timing never found again."""
    odd = ["a/b.py::T::t[<&\"'>]", "a/b.py::t[x::y/z w]", "a.b/c.py::t[\\x00-ü-\t]"]
    results = read_junit(report(tmp_path / "j.xml", *(case(test, 0.5) for test in odd)))
    assert [result.id for result in results] == odd


def test_verdicts_and_messages_are_read(tmp_path: Path) -> None:
    """A failing test would pass for a good one, or not say why."""
    path = report(
        tmp_path / "j.xml",
        case("a", 1, '<skipped message="no"/>'),
        case("b", 2, '<failure message="assert 1 == 2">trace</failure>'),
        case("c", 3),
    )
    assert read_junit(path) == (
        ItemResult("a", 1.0, "skipped", "no"),
        ItemResult("b", 2.0, "failed", "assert 1 == 2"),
        ItemResult("c", 3.0, "passed"),
    )


def test_a_test_reported_twice_counts_once_as_the_worse(tmp_path: Path) -> None:
    """A failed call with a failed teardown would count as two tests."""
    path = report(
        tmp_path / "j.xml",
        case("a", 1, '<error message="teardown"/>'),
        case("a", 2, '<failure message="call"/>'),
    )
    assert read_junit(path) == (ItemResult("a", 2.0, "error", "teardown"),)


def test_a_case_that_pytest_7_leaves_unnamed_is_known_by_its_other_half(tmp_path: Path) -> None:
    """The failure of a test would count as that of another test, of no known id."""
    path = report(
        tmp_path / "j.xml",
        '<testcase classname="c" name="a" time="2"><failure message="call"/></testcase>',
        case("a", 1, '<error message="teardown"/>'),
        '<testcase classname="" name="t.module"><error message="import"/></testcase>',
    )
    assert [(result.id, result.outcome) for result in read_junit(path)] == [
        ("a", "error"),
        ("t.module", "error"),
    ]


def test_no_report_is_no_result_and_a_broken_one_an_error(tmp_path: Path) -> None:
    """A killed shard would raise, or a truncated report pass for an empty one."""
    assert read_junit(tmp_path / "none.xml") == ()
    (tmp_path / "j.xml").write_text("<testsuites><testsuite>")
    with pytest.raises(SlipwayError, match="no JUnit report"):
        read_junit(tmp_path / "j.xml")


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
    report(
        tmp_path / "junit.xml",
        case("t.py::a", 1, '<failure message="assert 1 == 2&#10;more"/>'),
        case("t.py::b", 1),
    )
    step = Step("s", ("x",), tmp_path, "p/w/startup", items=("p/w/t.py::a",), report="junit.xml")
    outcome = Outcome(end=End.FAILED, started_at=0.0, ended_at=3.0)
    found = read_report("p", "w", step, tmp_path, outcome)
    assert found.cause == "1 test failed: t.py::a (assert 1 == 2)"
    assert found.timings == (("p/w/t.py::a", 1.0, False), ("p/w/startup", 2.0, True))


def test_a_step_without_a_report_leaves_nothing(tmp_path: Path) -> None:
    """Any declared step would be looked at for a JUnit file."""
    outcome = Outcome(end=End.SUCCEEDED, started_at=0.0, ended_at=3.0)
    step = Step("s", ("x",), tmp_path, "p/w/s")
    assert read_report("p", "w", step, tmp_path, outcome).timings == ()
