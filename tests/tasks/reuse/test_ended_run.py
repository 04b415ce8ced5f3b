"""Tests of the record of a run that has ended."""

from __future__ import annotations

from pathlib import Path

from tasks.reuse.ended_run import FILE, EndedRun, EndedStep, keep_ended, kept_ended
from tests.tasks.planning.fakes import BAD, GOOD


def test_a_record_is_read_back_as_it_was(tmp_path: Path) -> None:
    """The next run would take over other outcomes than those of the run."""
    good = GOOD.model_copy(update={"output": {"a": [1, None]}})
    steps = {"a": EndedStep("succeeded", "d", good), "b[x]": EndedStep("failed", "", BAD, "b")}
    run = EndedRun("w", "d1", 7.5, "s", steps, ("t::a",))
    keep_ended(tmp_path / "w", run)
    assert kept_ended(tmp_path / "w") == run
    assert (tmp_path / "w" / FILE).stat().st_mode & 0o077 == 0
    assert kept_ended(tmp_path / "other") is None
