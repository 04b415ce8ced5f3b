"""Tests of what counts as lost, doubled and repeated, on files as real steps write them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from benchmarks.kills.effects import (
    BEGIN,
    END,
    SCRIPT,
    Deviations,
    Effect,
    deviations,
    effects_of,
    names_of,
    workload,
)
from blocks.workload_spec import StepsWorkload

ONE, TWO = Path("/steps/w/a/1"), Path("/steps/w/a/2")
WHOLE = [Effect(BEGIN, ONE), Effect(END, ONE)]
AGAIN = [Effect(BEGIN, TWO), Effect(END, TWO)]


@pytest.mark.parametrize(
    ("noted", "cut_off", "expected"),
    [
        (WHOLE, [], Deviations((), (), ())),
        ([], [], Deviations(("a",), (), ())),
        (WHOLE[:1], [], Deviations(("a",), (), ())),
        (WHOLE + AGAIN, [], Deviations((), ("a",), ())),
        (WHOLE[:1] + AGAIN, [], Deviations((), ("a",), ())),
        (WHOLE + WHOLE[:1], [], Deviations((), ("a",), ())),
        (WHOLE + AGAIN, [ONE], Deviations((), (), ("a",))),
        (WHOLE[:1] + AGAIN, [ONE], Deviations((), (), ("a",))),
        (WHOLE + WHOLE, [ONE], Deviations((), ("a",), ())),
        (WHOLE + AGAIN, [Path("/steps/w/b/1")], Deviations((), ("a",), ())),
        (WHOLE[:1], [ONE], Deviations(("a",), (), ())),
    ],
)
def test_each_step_has_its_effect_once_but_where_its_lane_was_killed(
    noted: list[Effect], cut_off: list[Path], expected: Deviations
) -> None:
    """Broken: a step that ran twice would pass, or one that may be repeated would count."""
    assert deviations(["a"], {"a": noted}, cut_off) == expected


def test_a_step_notes_its_begin_and_end_with_its_attempt(tmp_path: Path) -> None:
    """Broken: nothing that the campaign counts would be there."""
    (tmp_path / "step.sh").write_text(SCRIPT)
    folder = tmp_path / "effects"
    folder.mkdir()
    output = tmp_path / "steps" / "1" / "output.json"
    printed = subprocess.run(
        ["sh", "step.sh", "a", "0"],
        cwd=tmp_path,
        env={"EFFECTS": str(folder), "SLIPWAY_OUTPUT": str(output), "PATH": os.defpath},
        check=True,
        capture_output=True,
        text=True,
    )
    assert printed.stdout == "did a\n"
    with (folder / "a").open("a") as file:
        file.write("begin /cut/o")
    assert effects_of(folder) == {"a": [Effect(BEGIN, output.parent), Effect(END, output.parent)]}


@pytest.mark.parametrize("shape", ["needs", "short", "many"])
def test_a_workload_has_the_steps_that_are_looked_for(shape: str, tmp_path: Path) -> None:
    """Broken: steps that do not exist would count as lost, or some would never be looked at."""
    spec = StepsWorkload.model_validate(workload(shape, tmp_path))
    named = [
        part.replace("{matrix.n}", str(n))
        for step in spec.steps
        for n in (step.matrix or {"n": [0]})["n"]
        for part in step.run[2:3]
    ]
    assert named == names_of(shape)
