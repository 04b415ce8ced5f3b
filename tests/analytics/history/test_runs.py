"""Which runs count, and as what."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analytics.history.runs import (
    FlowRun,
    Run,
    columns,
    frame,
    of_flow_runs,
    of_timings,
    per_key,
    states,
)
from tasks.ledger.timings import Timing


def _timing(
    key: str = "a", seconds: float = 2.0, at: float = 100.0, *, succeeded: bool = True
) -> Timing:
    return Timing(key, "shell", seconds, succeeded, at, memory_mib=30.0)


def _flow_run(state: str, ended_at: float | None = 20.0) -> FlowRun:
    return FlowRun("ship", state, 10.0, ended_at, 9.0)


def test_a_completed_flow_run_is_a_run_that_succeeded() -> None:
    """Flow runs would teach nothing, or count what they waited for."""
    assert of_flow_runs([_flow_run("COMPLETED")]) == [
        Run(
            "prefect",
            "flow/ship",
            10.0,
            20.0,
            9.0,
            succeeded=True,
            state="succeeded",
            submitted_at=10.0,
            name="ship",
            tag="ship",
        )
    ]


def test_a_failed_flow_run_counts_as_a_failure() -> None:
    """The success rate would be 100 % whatever happens."""
    (run,) = of_flow_runs([_flow_run("FAILED")])
    assert not run.succeeded


@pytest.mark.parametrize("state", ["PENDING", "PAUSED", "SCHEDULED"])
def test_what_did_not_start_does_not_count(state: str) -> None:
    """Forecasts would learn from runs that say nothing of their flow."""
    assert of_flow_runs([_flow_run(state)]) == []


@pytest.mark.parametrize(
    ("state", "run_state"),
    [("RUNNING", "running"), ("CRASHED", "crashed"), ("CANCELLED", "cancelled")],
)
def test_what_was_stopped_is_told_apart(state: str, run_state: str) -> None:
    """A run that was cancelled after a second would be averaged in, or count as a failure."""
    (run,) = of_flow_runs([_flow_run(state)])
    assert run.is_censored
    table = columns([run])
    assert table["state"].tolist() == [run_state]
    assert not table["is_trainable"].any()
    assert per_key(frame([run])).empty


def test_what_was_tried_again_says_not_how_long_it_takes() -> None:
    """Two attempts would be averaged in as one that took twice as long."""
    retried, once = (replace(_flow_run("COMPLETED"), retries=number) for number in (1, 0))
    table = columns(of_flow_runs([retried, once]))
    assert table["is_trainable"].tolist() == [False, True]
    assert table["state"].tolist() == ["succeeded"] * 2


def test_what_was_asked_for_is_known_beforehand() -> None:
    """A step with twice the CPUs would be forecast as before."""
    (run,) = of_timings({"a": [_timing()]})
    table = columns([replace(run, cpus=2.0, asked_memory_mib=512.0)])
    assert table["known_cpus"].tolist() == [2.0]
    assert table["known_memory_mib"].tolist() == [512.0]
    assert "known_cpus" not in columns([run])


def test_a_flow_run_without_an_end_does_not_count() -> None:
    """A run that is still going would be learnt from."""
    assert of_flow_runs([_flow_run("COMPLETED", ended_at=None)]) == []


def test_timings_start_before_they_end() -> None:
    """A forecast would be compared with what it could already know."""
    (run,) = of_timings({"a": [_timing()]})
    assert (run.started_at, run.ended_at, run.seconds) == (98.0, 100.0, 2.0)
    assert columns([run])["submitted_at"].tolist() == [98.0]


def test_frame_is_typed_and_in_the_order_of_time() -> None:
    """The report would mix text and numbers, or take the oldest run for the newest."""
    runs = of_timings({"a": [_timing(at=200), _timing(at=100)]})
    table = frame(runs)
    assert table["ended_at"].tolist() == [100.0, 200.0]
    assert str(table["seconds"].dtype) == "float64"
    assert str(table["succeeded"].dtype) == "bool"


def test_an_empty_frame_has_all_columns() -> None:
    """Training without history would fail."""
    assert list(frame([]).columns) == list(Run.__slots__)
    assert per_key(frame([])).empty


def test_per_key_leaves_failures_out_of_the_durations() -> None:
    """A test that fails at once would look quick."""
    runs = of_timings(
        {
            "a": [_timing(seconds=4), _timing(seconds=0.1, succeeded=False), _timing(seconds=6)],
            "b": [_timing(key="b", seconds=100, succeeded=False)],
        }
    )
    table = per_key(frame(runs)).set_index("key")
    assert table.loc["a", "median"] == 5
    assert table.loc["a", "succeeded"] == pytest.approx(2 / 3)
    assert table.loc["a", "runs"] == 3
    assert table.loc["b", "total"] == 0
    assert table.index.tolist() == ["a", "b"]


def test_what_was_read_is_told_by_its_state() -> None:
    """The log would not say what a training was made of."""
    run = Run("shell", "a", 0.0, 1.0, 1.0, succeeded=True, state="succeeded")
    runs = [run, run, replace(run, retries=1), replace(run, state="running")]
    assert states(runs) == "2 succeeded, 1 retried, 1 running"
    assert states([]) == "none"
