"""What is raised, kept and closed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analytics.demand.capacity import CapacityOutlook
from analytics.insights.anomalies import Anomaly
from analytics.insights.lifecycle import (
    QUIET_SECONDS,
    Finding,
    Insight,
    Severity,
    of_anomaly,
    of_outlook,
    of_regression,
    reconcile,
)
from analytics.insights.regressions import Regression

SLOW = Finding("regression", "flow/ship", Severity.WARNING, "run-8", "twice as long", 50.0)
FINDINGS = st.lists(
    st.builds(
        Finding,
        kind=st.sampled_from(["regression", "anomaly"]),
        key=st.sampled_from(["a", "b", "c"]),
        severity=st.sampled_from(Severity),
        run=st.just("run"),
        size=st.just("much"),
        since=st.floats(0, 100),
    ),
    max_size=8,
)


def test_a_finding_is_raised_once() -> None:
    """The same slow-down would be announced after every training."""
    first = reconcile([], [SLOW], now=100)
    assert [insight.finding for insight in first.raised] == [SLOW]
    second = reconcile(first.open, [SLOW], now=200)
    assert second.raised == second.closed == second.worsened == ()
    assert [insight.raised_at for insight in second.open] == [100]


def test_it_closes_itself_when_it_is_no_longer_found() -> None:
    """The list would only ever grow, and nobody would read it."""
    opened = reconcile([], [SLOW], now=100).open
    changes = reconcile(opened, [], now=100 + QUIET_SECONDS)
    assert [insight.closed_at for insight in changes.closed] == [100 + QUIET_SECONDS]
    assert changes.open == ()


def test_it_does_not_close_while_it_comes_and_goes() -> None:
    """A value at the edge of a limit would open and close an insight every minute."""
    opened = reconcile([], [SLOW], now=100).open
    gone = reconcile(opened, [], now=200)
    back = reconcile(gone.open, [SLOW], now=300)
    assert gone.closed == back.raised == ()
    assert len(back.open) == 1


def test_what_was_closed_can_be_raised_again() -> None:
    """The second incident of a key would go unnoticed."""
    opened = reconcile([], [SLOW], now=100).open
    closed = reconcile(opened, [], now=100 + QUIET_SECONDS).closed
    assert len(reconcile(closed, [SLOW], now=9e9).raised) == 1


def test_what_becomes_worse_is_told_again() -> None:
    """A warning would turn critical in silence."""
    opened = reconcile([], [SLOW], now=100).open
    worse = Finding("regression", "flow/ship", Severity.CRITICAL, "run-9", "thrice", 60.0)
    changes = reconcile(opened, [worse], now=200)
    (insight,) = changes.worsened
    assert insight.finding.severity == Severity.CRITICAL
    assert (insight.finding.run, insight.finding.since) == ("run-8", 50.0)
    assert changes.raised == ()


def test_it_stays_as_bad_as_it_was() -> None:
    """A value that moves about a threshold would be told again each time it crosses it."""
    opened = reconcile([], [SLOW], now=100).open
    milder = Finding("regression", "flow/ship", Severity.INFO, "run-9", "a little", 60.0)
    again = reconcile(reconcile(opened, [milder], now=200).open, [SLOW], now=300)
    assert again.worsened == ()


@given(st.lists(FINDINGS, min_size=1, max_size=6))
def test_never_two_open_insights_of_one_thing(rounds: list[list[Finding]]) -> None:
    """A key would be listed twice, with two stories."""
    open_insights: tuple[Insight, ...] = ()
    for turn, findings in enumerate(rounds):
        changes = reconcile(open_insights, findings, now=turn * QUIET_SECONDS / 2)
        subjects = [(insight.finding.kind, insight.finding.key) for insight in changes.open]
        assert len(subjects) == len(set(subjects))
        assert {(finding.kind, finding.key) for finding in findings} <= set(subjects)
        open_insights = changes.open


@given(FINDINGS)
def test_the_same_findings_twice_change_nothing(findings: list[Finding]) -> None:
    """A restart would announce everything anew."""
    opened = reconcile([], findings, now=100).open
    again = reconcile(opened, findings, now=100)
    assert again.raised == again.worsened == again.closed == ()
    assert set(again.open) == set(opened)


def test_a_regression_names_its_run_key_size_and_moment() -> None:
    """Nobody would know where to look."""
    finding = of_regression(Regression("flow/ship", "run-8", 50.0, 90.0, 4, 10.0, 2.5))
    assert (finding.key, finding.run, finding.since) == ("flow/ship", "run-8", 50.0)
    assert finding.size == "takes 2.5 times as long: 25 s instead of 10 s"
    assert finding.severity == Severity.CRITICAL


def test_a_value_past_its_limit_is_critical() -> None:
    """A full disk would be listed beside a curiosity."""
    beyond = Anomaly(1, 2, 1, 99.0, 40.0, 9.0, ("limit", "robust z-score"))
    strange = Anomaly(1, 2, 1, 60.0, 40.0, 9.0, ("robust z-score", "time of the week"))
    assert of_anomaly(beyond, "disk", 5.0, ongoing=False).severity == Severity.CRITICAL
    assert of_anomaly(strange, "disk", 5.0, ongoing=True).severity == Severity.WARNING
    assert of_anomaly(strange, "disk", 5.0, ongoing=False).severity == Severity.INFO


def test_what_runs_out_today_is_critical_and_what_may_is_news() -> None:
    """A week's notice and an hour's would look the same."""
    today = of_outlook(CapacityOutlook("slots", 3600.0, 1800.0, short=2), now=0)
    week = of_outlook(CapacityOutlook("slots", 500_000.0, 1800.0, short=2), now=0)
    maybe = of_outlook(CapacityOutlook("slots", None, 7200.0, short=2), now=0)
    assert today
    assert week
    assert maybe
    assert today.severity == Severity.CRITICAL
    assert week.severity == Severity.WARNING
    assert maybe.severity == Severity.INFO
    assert maybe.size == "possibly runs out in 2 h, and lacks up to 2"
    assert of_outlook(CapacityOutlook("slots", None, None), now=0) is None
