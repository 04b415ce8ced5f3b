"""When steps that note no end have died."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from benchmarks.chaos.watch import Watch, deaths_seen


@pytest.mark.slow
def test_the_moment_of_a_death_is_seen(tmp_path: Path) -> None:
    """A step would have held its slot for longer than it did, beside the one that followed it."""
    process = subprocess.Popen(["sleep", "60"])
    notes = tmp_path / "notes"
    notes.write_text(f"begin b s1 {process.pid} {time.time()}\n", encoding="utf-8")
    with deaths_seen(notes) as deaths:
        time.sleep(0.3)
        assert deaths == {}
        before = time.time()
        process.kill()
        while not deaths:
            time.sleep(0.01)
        process.wait()
    assert before <= deaths["b", "s1", process.pid] <= time.time()


@pytest.mark.slow
def test_who_died_before_anybody_looked_was_alive_at_the_look_before_at_most() -> None:
    """Nobody knows better, and a later moment would be made up."""
    process = subprocess.Popen(["true"])
    process.wait()
    watch = Watch()
    began = time.time()
    watch.look([])
    looked = time.time()
    watch.look([("b", "s1", process.pid)])
    assert began <= watch.deaths["b", "s1", process.pid] <= looked
