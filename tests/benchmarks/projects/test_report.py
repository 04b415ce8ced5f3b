"""The table of projects and stages, and the bar."""

from __future__ import annotations

from benchmarks.bars import Bar
from benchmarks.projects.foreign import CLICK, HTTPBIN
from benchmarks.projects.life import Outcome
from benchmarks.projects.report import Result, bars, figures, table

SERVED = Result(
    HTTPBIN,
    {"configure": Outcome(""), "launch": Outcome("", keys=2), "stop": Outcome("it still answers")},
    keys=2,
)
UNMADE = Result(CLICK, {}, keys=0, trouble="pip says no")


def test_the_table_tells_what_was_seen() -> None:
    """Whoever reads it would not know which stage failed, or why."""
    [row] = [line for line in table([SERVED]).splitlines() if line.startswith("httpbin  ")]
    assert row.split() == ["httpbin", "ok", "ok+", *"-" * 6, "FAIL", "-", "2"]
    assert "stop: it still answers" in table([SERVED])
    assert "could not be made: pip says no" in table([UNMADE])


def test_the_bar_is_missed_by_a_stage_and_by_a_project_that_cannot_be_made() -> None:
    """A benchmark that could fetch nothing would pass."""
    assert bars([SERVED]) == {"stages_missing": Bar(1, 0, met=False)}
    assert not bars([UNMADE])["stages_missing"].met
    fine = Result(HTTPBIN, {"configure": Outcome("")}, keys=0)
    assert bars([fine])["stages_missing"].met
    assert figures([SERVED])["stages"]["httpbin"]["stop"] == "it still answers"
    assert figures([SERVED])["keys_by_hand"] == {"httpbin": 2}
