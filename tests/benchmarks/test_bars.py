"""The bars of benchmarks: their shape, the last line, and the exit status of every benchmark."""

from __future__ import annotations

import importlib
import json
from argparse import ArgumentParser, Namespace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.bars import Bar, add_options, at_least, at_most, between, end, last_line

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
PARTS = {"plain_map", "rollout_load", "rollout_runner"}
"""These are started as processes by a benchmark, and are none."""


def entries() -> list[str]:
    """Return the names of the modules that are started as benchmarks."""
    files = [*BENCHMARKS.glob("*.py"), *BENCHMARKS.glob("*/__main__.py")]
    names = [
        path.stem if path.parent == BENCHMARKS else f"{path.parent.name}.__main__"
        for path in files
        if '__name__ == "__main__"' in path.read_text(encoding="utf-8")
    ]
    return sorted({*names} - PARTS)


@pytest.mark.parametrize("name", entries())
def test_every_benchmark_takes_both_options(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What runs all of them could not read one, or would not notice that it missed its bars."""
    module = importlib.import_module(f"benchmarks.{name}")
    with pytest.raises(SystemExit) as ended:
        module.main(["--help"])
    assert ended.value.code == 0
    usage = capsys.readouterr().out
    assert "--json" in usage
    assert "--check" in usage


def test_a_path_is_given_and_never_guessed() -> None:
    """A benchmark would measure what happens to lie beside the repository."""
    paths = [
        path.name
        for path in BENCHMARKS.rglob("*.py")
        if "shared/data" in path.read_text(encoding="utf-8")
    ]
    assert paths == []


def test_a_bar_is_met_up_to_its_limit_and_there() -> None:
    """A benchmark that just reaches what was promised would fail, or one beyond it pass."""
    assert at_most(np.float64(1.0), 2).met is True
    assert [at_most(value, 2).met for value in (1, 2, 2.01)] == [True, True, False]
    assert [at_least(value, 2).met for value in (1.99, 2, 3)] == [False, True, True]
    assert [between(value, 2, 3).met for value in (1.9, 2, 3, 3.1)] == [False, True, True, False]


@pytest.mark.parametrize("value", [None, float("nan")])
def test_what_was_not_measured_misses_its_bar(value: float | None) -> None:
    """A benchmark that measured nothing would pass."""
    assert not at_most(value, 2).met
    assert not at_least(value, 2).met
    assert not between(value, 1, 2).met


def test_the_last_line_is_one_object_with_the_bars() -> None:
    """A program would have to know every benchmark by itself."""
    line = last_line({"benchmark": "x", "runs": 3}, {"a": at_most(3, 2), "b": between(1, 0, 2)})
    assert "\n" not in line
    assert json.loads(line) == {
        "benchmark": "x",
        "runs": 3,
        "bars": {
            "a": {"value": 3, "limit": 2, "met": False},
            "b": {"value": 1, "limit": [0, 2], "met": True},
        },
    }
    assert json.loads(last_line({}, {})) == {"bars": {}}


def options(*arguments: str) -> Namespace:
    """Return the options of a benchmark that has no others."""
    parser = ArgumentParser()
    add_options(parser)
    return parser.parse_args(arguments)


MET = {"a": Bar(1, 2, met=True)}
MISSED = {"a": Bar(1, 2, met=True), "b": Bar(3, 2, met=False)}


@pytest.mark.parametrize(
    ("arguments", "bars", "status"),
    [
        ((), MISSED, 0),
        (("--check",), MISSED, 1),
        (("--check",), MET, 0),
        (("--check",), {}, 0),
    ],
)
def test_the_status_is_1_where_a_checked_bar_is_missed(
    arguments: tuple[str, ...],
    bars: dict[str, Bar],
    status: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whoever only measures would get an error, or whoever checks would get none."""
    assert end(options(*arguments), {}, bars) == status
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == ("missed: b is 3, limit 2\n" if status else "")


def test_json_is_printed_whatever_was_missed(capsys: pytest.CaptureFixture[str]) -> None:
    """The figures would be lost just where they matter."""
    assert end(options("--json", "--check"), {"n": 1}, MISSED) == 1
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["bars"]["b"]["value"] == 3
