"""A clock that is set for some processes and for no others."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.chaos.clock import Clock, own_clock

ASKED = "import time; time.sleep(0.01); print(time.time(), time.monotonic())"
HOUR = 3600


def told(clock: Clock) -> tuple[float, float]:
    """Return the time of day, and the monotonic one, that a process of this clock sees."""
    variables = {**os.environ, **clock.variables}
    output = subprocess.check_output([sys.executable, "-c", ASKED], env=variables, text=True)
    of_day, monotonic = map(float, output.split())
    return of_day, monotonic


@pytest.mark.integration
@pytest.mark.parametrize(
    ("steps", "ahead"), [((0,), 0), ((HOUR,), HOUR), ((HOUR, -2 * HOUR), -HOUR)]
)
def test_only_the_time_of_day_is_set_and_only_where_it_is_meant(
    tmp_path: Path, steps: tuple[int, ...], ahead: int
) -> None:
    """Broken: no step strikes, or it strikes this process and what counts on intervals too."""
    clock = own_clock(tmp_path)
    if clock.why_none:
        pytest.skip(clock.why_none)
    for step in steps:
        clock.step(step)
    before, began = time.time(), time.monotonic()
    of_day, monotonic = told(clock)
    assert before + ahead <= of_day <= time.time() + ahead
    assert began <= monotonic <= time.monotonic()


def test_without_a_compiler_there_is_none_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: a campaign fails where it could go on without this one fault."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert own_clock(tmp_path).variables == {}
    assert own_clock(tmp_path).why_none
