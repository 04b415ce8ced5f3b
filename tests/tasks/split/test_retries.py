"""Tests and steps that passed only on a retry are named."""

from __future__ import annotations

import json
from pathlib import Path

from blocks.providers.interface import End, Outcome, Resources
from tasks.ledger.executions import Execution
from tasks.split.retries import last_successes, retry_remarks


def attempt(folder: Path, step: str, number: int, end: End | None, **tests: str) -> Execution:
    """An attempt of a step that left those outcomes of tests; `rerun` is one tried again within."""
    directory = folder / step / str(number)
    directory.mkdir(parents=True)
    rerun = tests.pop("rerun", "")
    lines: list[dict[str, object]] = [{"rerun": rerun}] if rerun else []
    lines += [{"id": name, "seconds": 1.0, "outcome": outcome} for name, outcome in tests.items()]
    (directory / "results.jsonl").write_text("\n".join(map(json.dumps, lines)))
    outcome = Outcome(end=end, started_at=0, ended_at=1) if end else None
    at = (directory, float(number), Resources())
    return Execution("w", step, number, 1, "local", "shell", f"k/{step}", *at, outcome)


def test_tests_that_a_retry_or_a_plugin_had_pass_are_named(tmp_path: Path) -> None:
    """Broken: a suite that fails every other time is green, and nobody learns of it."""
    done = [
        attempt(tmp_path, "shard-1", 1, End.FAILED, a="failed", b="passed"),
        attempt(tmp_path, "shard-2", 1, End.SUCCEEDED, c="passed", d="passed", rerun="d"),
        attempt(tmp_path, "shard-1", 2, End.SUCCEEDED, a="passed", b="passed"),
    ]
    assert retry_remarks(done) == ["2 of 4 tests passed only on retry: a, d."]
    assert retry_remarks(done[1:]) == ["1 of 4 tests passed only on retry: d."]


def test_steps_without_tests_are_named_themselves(tmp_path: Path) -> None:
    """Broken: only suites say it, and a step that is pushed at three times does not."""
    done = [
        attempt(tmp_path, "push", 1, End.TIMED_OUT),
        attempt(tmp_path, "build", 1, End.SUCCEEDED),
        attempt(tmp_path, "push", 2, End.SUCCEEDED),
    ]
    assert retry_remarks(done) == ["1 of 2 steps passed only on retry: push."]
    assert last_successes(done).keys() == {"push", "build"}


def test_what_was_cancelled_or_lost_did_not_fail(tmp_path: Path) -> None:
    """Broken: a resumed run calls tests flaky that were interrupted by us."""
    done = [
        attempt(tmp_path, "a", 1, End.PREEMPTED),
        attempt(tmp_path, "b", 1, End.LOST),
        attempt(tmp_path, "c", 1, None),
        attempt(tmp_path, "d", 1, End.FAILED, x="failed"),
        *[attempt(tmp_path, step, 2, End.SUCCEEDED) for step in "abc"],
        attempt(tmp_path, "d", 2, End.FAILED, x="failed"),
    ]
    assert retry_remarks(done) == []


def test_many_are_counted_and_some_are_named(tmp_path: Path) -> None:
    """Broken: a state of a thousand names, which nobody reads."""
    bad = {f"t{number}": "failed" for number in range(8)}
    done = [
        attempt(tmp_path, "s", 1, End.FAILED, **bad),
        attempt(tmp_path, "s", 2, End.SUCCEEDED, **dict.fromkeys(bad, "passed")),
    ]
    sentence = "8 of 8 tests passed only on retry: t0, t1, t2, t3, t4 and 3 more."
    assert retry_remarks(done) == [sentence]
