"""The benchmark of the whole loop: what it compares is compared fairly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import loop
from benchmarks.loop_runs import Measured


def _trace(folder: Path) -> None:
    seconds = [90, 5, 60, 5, 40, 5]
    tasks = [{"id": f"{'ab'[n % 2]}{n}", "parents": []} for n in range(6)]
    done = [
        {
            "id": task["id"],
            "command": {"program": "x"},
            "runtimeInSeconds": takes,
            "memoryInBytes": 2**28,
        }
        for task, takes in zip(tasks, seconds, strict=True)
    ]
    workflow = {"specification": {"tasks": tasks}, "execution": {"tasks": done}}
    text = json.dumps({"schemaVersion": "1.5", "workflow": workflow})
    (folder / "trace.json").write_text(text)


def test_what_is_captured_is_a_part_of_what_is_possible() -> None:
    """The bar would be held against another figure than it says."""
    arms = {"default": 20.0, "learnt": 12.0, "known": 11.0, "perfect": 10.0}
    run = {arm: Measured(span, span - 10, 0.0) for arm, span in arms.items()}
    one = loop.curve("c", [run])
    assert loop.captured([one], "makespan", slice(None), "perfect") == 0.8
    assert loop.captured([one], "waste", slice(None), "perfect") == 0.8
    # A fifth more than the middle one of `perfect` is 12 s: just not missed.
    assert one.values["missed"]["learnt"].tolist() == [0.0]
    assert loop.captured([one, one], "missed", slice(None), "known") == 1.0
    assert loop.captured([one], "makespan", slice(1, None), "perfect") is None


@pytest.mark.integration
def test_learning_gains_and_the_first_run_is_as_without(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Estimates of later runs would leak into earlier ones, or decisions not use them at all."""
    _trace(tmp_path)
    command = "python -m benchmarks.loop --instances DIR"
    arguments = command.replace("DIR", str(tmp_path)).split()[3:]
    loop.main([*arguments, "--providers", "2", "--seeds", "1", "--runs", "22", "--json"])
    *lines, last = capsys.readouterr().out.splitlines()
    found = json.loads(last)
    assert len(lines) == 24
    assert found["first_run_worse_than_default"] == 0
    assert found["captured_by_run"]["makespan"][0] == 0
    assert found["captured_by_run"]["waste"][0] == 0
    assert found["captured"]["waste"] > 0.8
    assert found["bars"]["first_run_worse_than_default"] == {"value": 0, "limit": 0, "met": True}
    assert found["bars"]["captured_makespan"]["value"] == found["captured"]["makespan"]
    after = found["mean_after_20"]["makespan"]
    assert after["perfect"] <= after["learnt"] <= after["default"]


def test_the_bars_are_of_time_and_of_the_first_run() -> None:
    """A loop that learns nothing, or makes the first run worse, would pass."""
    assert all(bar.met for bar in loop.bars(0.94, 0).values())
    assert not loop.bars(0.89, 0)["captured_makespan"].met
    assert not loop.bars(None, 0)["captured_makespan"].met
    assert not loop.bars(0.94, 1)["first_run_worse_than_default"].met


def test_a_folder_of_nothing_is_refused(tmp_path: Path) -> None:
    """A wrong path would be measured as if it were perfect."""
    with pytest.raises(SystemExit, match="holds no trace"):
        loop.main(["--instances", str(tmp_path)])
