"""What became slower is found in the history, told once, shown while it holds, and closed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from analytics.history.runs import Run
from analytics.insights.lifecycle import QUIET_SECONDS, Changes, Finding, Insight, Severity
from analytics.insights.slowdowns import (
    SHOWN_ROWS,
    change_sentences,
    section,
    slowdown_findings,
    watch,
)
from tasks.ledger.connection import Ledger
from tasks.ledger.insights import RaisedInsight, open_insights, write_insights

STEADY, SLOW = [10.0] * 8, [25.0] * 5


def history(
    key: str, seconds: Sequence[float], kind: str = "prefect", *, state: str = ""
) -> list[Run]:
    """Build one run an hour."""
    return [
        Run(
            kind,
            key,
            hour * 3600.0,
            hour * 3600.0 + run_seconds,
            run_seconds,
            True,
            state=state,
            id=f"run-{hour}",
        )
        for hour, run_seconds in enumerate(seconds)
    ]


def test_it_is_raised_once_and_closed_once(ledger: Ledger) -> None:
    """The same slow-down would be told every night, or never end."""
    runs = history("flow/ship", [*STEADY, *SLOW])
    first = watch(ledger, runs, now=100_000.0)
    (row,) = open_insights(ledger)
    assert (row.kind, row.key, row.severity) == ("regression", "flow/ship", "critical")
    assert (row.run, row.since, row.raised_at) == ("run-8", 8 * 3600.0 + 25, 100_000.0)
    (sentence,) = change_sentences(first)
    assert sentence == (
        "Raised (critical): flow/ship takes 2.5 times as long: 25 s instead of 10 s, "
        "since 1970-01-01 08:00:25 UTC."
    )
    second = watch(ledger, runs, now=200_000.0)
    assert (change_sentences(second), len(second.open)) == ([], 1)
    back = history("flow/ship", [*STEADY, *SLOW, *STEADY])
    third = watch(ledger, back, now=200_000.0 + QUIET_SECONDS)
    assert [sentence.partition(":")[0] for sentence in change_sentences(third)] == [
        "Closed (critical)"
    ]
    assert open_insights(ledger) == []
    assert change_sentences(watch(ledger, back, now=400_000.0)) == []


def test_only_runs_that_succeeded_say_how_long_it_takes() -> None:
    """A key would count as slower because its runs were cancelled late or still go on."""
    runs = history("flow/ship", STEADY)
    stuck = [
        Run("prefect", "flow/ship", 9e5, 9e5 + 100, 100.0, state != "failed", state=state)
        for state in ("running", "cancelled", "failed") * 5
    ]
    again = [replace(run, started_at=9e5, ended_at=9e5 + 100, retries=2) for run in runs]
    assert slowdown_findings([*runs, *stuck, *again]) == []


def test_kinds_of_providers_are_not_compared() -> None:
    """A step would count as slower because it ran on the slower machine last."""
    assert (
        slowdown_findings([*history("a/b", STEADY, "fast"), *history("a/b", SLOW * 2, "slow")])
        == []
    )


def test_a_step_without_an_id_is_found_by_when_it_ended() -> None:
    """Nobody could find the run that was the first to be slow."""
    runs = [
        Run("shell", "a/b", hour * 3600.0, hour * 3600.0 + run_seconds, run_seconds, True)
        for hour, run_seconds in enumerate([*STEADY, *SLOW])
    ]
    (finding,) = slowdown_findings(runs)
    assert finding.run == "ended 1970-01-01 08:00:25"


def insight(key: str, severity: Severity) -> Insight:
    """Build an open insight."""
    return Insight(Finding("regression", key, severity, "r", "takes twice as long", 0.0), 0.0, 0.0)


def test_the_section_has_the_worst_first_and_names_what_is_over() -> None:
    """The line that matters would stand below thirty that do not."""
    infos = [insight(f"flow/{number}", Severity.INFO) for number in range(SHOWN_ROWS)]
    worst, over = insight("a|b", Severity.CRITICAL), insight("flow/over", Severity.INFO)
    text = section(Changes((), (), (over,), (*infos, worst)))
    first = text.splitlines()[4]
    assert first == (
        "| **critical** | regression | `a\\|b` | takes twice as long | 1970-01-01 00:00:00 | r |"
    )
    assert f"The worst {SHOWN_ROWS} of {SHOWN_ROWS + 1}." in text
    assert "Closed since the last training: `flow/over`." in text


def test_nothing_found_is_said() -> None:
    """An empty table would look as if nobody had watched."""
    assert "Nothing: no key has become slower." in section(Changes((), (), (), ()))


def test_what_a_backup_raised_is_not_closed_by_the_training(ledger: Ledger) -> None:
    """An alert that nothing is backed up ends by itself, with nothing backed up."""
    row = RaisedInsight("backup", "shop/dev", "critical", "", "nothing", 1.0, 1.0, 1.0)
    write_insights(ledger, [row])
    changes = watch(ledger, [], now=10 * QUIET_SECONDS)
    assert [insight.key for insight in open_insights(ledger)] == ["shop/dev"]
    assert "shop/dev" in section(changes)
