"""What people read of training."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analytics.history.runs import Run
from analytics.training.backtest import backtest
from analytics.training.report import SHOWN_KEYS, chart, markdown


def _runs(keys: int = 1, length: int = 4) -> list[Run]:
    return [
        Run(
            "shell", f"key{key:03}", turn * 100.0, turn * 100.0 + key + 1, key + 1.0, succeeded=True
        )
        for key in range(keys)
        for turn in range(length)
    ]


def _report(runs: list[Run]) -> str:
    return markdown(runs, backtest(runs), since_days=90)


def test_without_history_it_says_so() -> None:
    """An empty table would look like a fault."""
    assert "Nothing to learn from yet" in _report([])


def test_without_a_second_run_nothing_is_compared() -> None:
    """The report would show an error of forecasts that were never made."""
    report = _report(_runs(length=1))
    assert "no forecast could be compared yet" in report
    assert "`key000`" in report


def test_the_model_is_compared_with_the_simple_rules() -> None:
    """Nobody could tell whether learning is worth it."""
    report = _report(_runs())
    for name in ("**model**", "last run", "median of 20"):
        assert f"| {name} | 3 | 0.0% | 0.0% | 1.000 | 100% |" in report


@pytest.mark.slow
def test_the_keys_that_take_most_time_come_first() -> None:
    """A thousand quick tests would hide the one that takes an hour."""
    report = _report(_runs(keys=SHOWN_KEYS + 5))
    assert f"`key{SHOWN_KEYS + 4:03}`" in report
    assert "`key000`" not in report
    assert f"The {SHOWN_KEYS} keys that took most time, of {SHOWN_KEYS + 5}" in report


@pytest.mark.slow
def test_a_key_that_never_succeeded_is_named() -> None:
    """What always fails would not be seen, least of all among quicker ones than it."""
    never = Run("shell", "never", 0.0, 1.0, 1.0, succeeded=False)
    report = _report([*_runs(keys=SHOWN_KEYS + 5), never])
    assert "## Keys that never succeed" in report
    assert "| `never` | shell | 1 | 0% |" in report


def test_what_is_not_averaged_in_is_counted() -> None:
    """Nobody would know why a flow with a hundred runs was learnt from ten."""
    (run, *succeeded) = _runs(length=5)
    apart = [
        replace(run, retries=1, started_at=20.0, submitted_at=0.0),
        replace(run, state="crashed", succeeded=False),
        replace(run, state="running", succeeded=False),
    ]
    report = _report([*succeeded, *apart])
    assert (
        "Told apart, and not averaged in: 1 retried, 1 crashed, 1 running. "
        "1 began more than 15 s late." in report
    )
    assert "Told apart" not in _report(succeeded)


def test_without_failures_nothing_is_said_of_them() -> None:
    """An empty table of failures would look like a fault."""
    assert "What fails" not in _report(_runs())


def test_a_bar_in_a_key_does_not_break_the_table() -> None:
    """A parametrised test id would shift every column."""
    report = _report([Run("shell", "test[a|b]", 0.0, 1.0, 1.0, succeeded=True)])
    assert "test[a\\|b]" in report


@pytest.mark.integration  # importing matplotlib takes a second
def test_chart_is_a_picture() -> None:
    """The artifact would show nothing; durations of zero must not break the logarithm."""
    runs = [*_runs(keys=3), *[Run("shell", "z", t, t, 0.0, succeeded=True) for t in (1.0, 2.0)]]
    assert chart(*backtest(runs).pairs).startswith(b"\x89PNG")


def test_a_long_key_is_cut_in_its_middle() -> None:
    """The id of a test would push every figure out of the artifact."""
    key = f"shop/tests/tests/test_server.py::TestServer::test_{'x' * 60}_the_end"
    report = _report([Run("shell", key, 0.0, 1.0, 1.0, succeeded=True)])
    (row,) = [line for line in report.splitlines() if "the_end" in line]
    assert row.startswith("| `shop/tests/t…")
    assert len(row) < 110
