"""The report of a campaign: its bars, and what it says of the faults."""

from __future__ import annotations

import json
from collections import Counter

from benchmarks.chaos.accounting import Note, Window
from benchmarks.chaos.load import Answers
from benchmarks.chaos.record import Record
from benchmarks.chaos.report import Outcome, figures, table
from benchmarks.chaos.sources import SLOTS


def _outcome(record: Record, answers: Answers | None = None) -> Outcome:
    return Outcome(
        kills=1,
        record=record,
        answers=answers or Answers(2, (1,), ()),
        rows=Counter({1: 1}),
        notes=[],
        deaths={},
        skipped=("a full disk: not root",),
    )


def _missed(outcome: Outcome) -> set[str]:
    return {name for name, bar in outcome.bars().items() if not bar.met}


def test_a_campaign_in_which_nothing_went_wrong_meets_its_bars() -> None:
    """A check could never succeed."""
    record = Record(struck=["worker: kill"])
    record.reconciled["worker: kill"] = [4.0, 9.5]
    assert _missed(_outcome(record)) == set()
    assert json.loads(json.dumps(figures(_outcome(record))))["faults"] == {"worker: kill": 1}


def test_each_thing_that_goes_wrong_misses_its_bar() -> None:
    """A campaign would pass whatever it saw."""
    record = Record(hollow=["deploy"], unlike=["1"], left=["a process"], stuck=["backup"])
    record.complete["b"] = ("s1",)
    record.reconciled["worker: kill"] = [10.5]
    lost = Answers(3, (1, 2), ((5.0, "POST 3: reset"),))
    assert _missed(_outcome(record, lost)) == {
        "requests_failed",
        "writes_lost",
        "steps_lost",
        "restores_unlike",
        "left_over",
        "completed_without_effect",
        "without_end",
        "reconciled_seconds",
        "faults_struck",
    }


def test_steps_beyond_the_slots_are_named() -> None:
    """A bar would be missed, and nobody could tell by what."""
    outcome = _outcome(Record(struck=["worker: kill"]))
    for step in range(SLOTS + 1):
        outcome.notes.append(Note("begin", "b", f"s{step}", step, 1.0))
    outcome.notes.extend(Note("end", "b", f"s{step}", step, 2.0) for step in range(SLOTS))
    assert _missed(outcome) == set()
    outcome.deaths["b", f"s{SLOTS}", SLOTS] = 1.5
    assert _missed(outcome) == {"over_capacity"}
    assert f"b/s{SLOTS}, process {SLOTS}: from 1.000 until 1.500 (died)" in table(outcome)


def test_a_failure_while_the_router_was_away_is_told_apart() -> None:
    """It would count against what nobody can do better, or be hidden."""
    record = Record(struck=["router: kill"], away=[Window(4.0, 6.0)])
    outcome = _outcome(record, Answers(3, (1,), ((5.0, "GET 3: reset"),)))
    assert _missed(outcome) == set()
    assert figures(outcome)["excused_failures"] == 1


def test_the_table_says_what_struck_what_was_wrong_and_what_was_not_done() -> None:
    """Whoever reads it would not know what to look for."""
    record = Record(struck=["worker: kill"], missed=["backup, flow: kill"], left=["process 12"])
    text = table(_outcome(record))
    assert "worker: kill" in text
    assert "backup, flow: kill" in text
    assert "process 12" in text
    assert "not done here: a full disk: not root" in text
