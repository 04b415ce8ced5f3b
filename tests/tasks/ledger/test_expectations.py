"""Tests of the estimates of a key and of all keys below it."""

from __future__ import annotations

from tasks.estimates import Estimate
from tasks.ledger.connection import Ledger
from tasks.ledger.estimates import publish_estimates
from tasks.ledger.expectations import expectations, known_keys
from tasks.ledger.timings import Timing, record_timings

BUILD = Estimate("shop/ci/build", 4.0, 6.0, 10.0, 0.9, 50, "trained", 5.0, 7.0)


def timing(key: str, kind: str = "shell", at: float = 1.0, *, succeeded: bool = True) -> Timing:
    """Build a timing of two seconds."""
    return Timing(key, kind, 2.0, succeeded, at)


def test_what_was_published_says_when(ledger: Ledger) -> None:
    """A reader would take a stale figure for last night's."""
    publish_estimates(ledger, [BUILD], "shell", now=20.0)
    (expectation,) = expectations(ledger, BUILD.key)
    assert (expectation.provider_kind, expectation.estimate, expectation.published_at) == (
        "shell",
        BUILD,
        20.0,
    )


def test_it_says_what_planning_reads(ledger: Ledger) -> None:
    """The answer would differ from what the next plan reckons with."""
    publish_estimates(ledger, [BUILD], "shell", now=20.0)
    record_timings(ledger, [timing(BUILD.key, at=30.0 + turn) for turn in range(3)])
    (expectation,) = expectations(ledger, BUILD.key)
    assert (expectation.estimate.source, expectation.estimate.p50_seconds) == ("history", 2.0)
    assert expectation.published_at is None


def test_of_a_workload_it_is_every_step_on_every_kind(ledger: Ledger) -> None:
    """Steps of the workload would be missing, or another's be among them."""
    others = ("shop/ci2/build", "shop/CI/build", "shop/c_/build", "shopping/ci/build")
    record_timings(ledger, [timing(key) for key in others])
    record_timings(ledger, [timing("shop/ci/test"), timing("shop/ci/test", "docker")])
    publish_estimates(ledger, [BUILD], "shell", now=20.0)
    keys_and_kinds = [
        (expectation.estimate.key, expectation.provider_kind)
        for expectation in expectations(ledger, "shop/ci")
    ]
    assert keys_and_kinds == [
        ("shop/ci/build", "shell"),
        ("shop/ci/test", "docker"),
        ("shop/ci/test", "shell"),
    ]
    assert [expectation.estimate.key for expectation in expectations(ledger, "shop/c_")] == [
        "shop/c_/build"
    ]


def test_what_never_succeeded_is_known_and_nothing_expected_of_it(ledger: Ledger) -> None:
    """A step that always fails would be called unknown, or be promised to take no time."""
    record_timings(ledger, [timing("shop/ci/build", succeeded=False)])
    publish_estimates(ledger, [Estimate("flow/ship", 1.0, 2.0)], "prefect", now=1.0)
    assert expectations(ledger, "shop/ci") == []
    assert known_keys(ledger) == ["flow/ship", "shop/ci/build"]
