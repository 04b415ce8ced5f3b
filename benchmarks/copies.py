"""The cost of copying a release of many small files, as for a workspace or a serving tree.

Goal: 20,000 files in at most 0.8 of the time that Python's own copying takes, also right after as
many were removed, which makes ext4 slow where they lay.
``python -m benchmarks.copies --json --check``
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.bars import Bars, add_options, at_most, end
from tasks.launch.copies import copy_release
from tasks.release import Release

_A_FOLDER = 100
_OF_COPYTREE = 0.8


def make_release(path: Path, files: int) -> Release:
    """Return a release at ``path`` of so many files of 0.5 to 6.5 kB."""
    for number in range(files):
        folder = path / "source" / str(number // _A_FOLDER)
        if number % _A_FOLDER == 0:
            folder.mkdir(parents=True)
        (folder / f"{number}.txt").write_bytes(bytes([number % 256]) * (500 + number * 37 % 6000))
    return Release("bench", "1", "bench", path, "procfile", 0.0)


def measure(folder: Path, files: int, rounds: int) -> dict[str, float]:
    """Return the median of ``rounds`` in seconds of either way, taken in turn."""
    release = make_release(folder / "release", files)
    ways: dict[str, Callable[[Path], object]] = {
        "copy_seconds": lambda target: copy_release(release, target),
        "copytree_seconds": lambda target: shutil.copytree(release.path, target, symlinks=True),
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds):
        for name, copy in ways.items():
            target = folder / name / str(number)
            began = time.perf_counter()
            copy(target)
            taken[name].append(time.perf_counter() - began)
            shutil.rmtree(target)
    return {name: round(statistics.median(seconds), 3) for name, seconds in taken.items()}


def bars(of_copytree: float) -> Bars:
    """Return the bar of the time that copying takes, as a share of what Python's own takes."""
    return {"of_copytree": at_most(of_copytree, _OF_COPYTREE)}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print which bars were met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=20_000, help="files of the release")
    parser.add_argument("--rounds", type=int, default=3, help="the median of so many counts")
    add_options(parser)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="slipway-copies-") as folder:
        figures = measure(Path(folder), options.files, options.rounds)
    ratio = round(figures["copy_seconds"] / figures["copytree_seconds"], 2)
    for name, value in (figures | {"of_copytree": ratio}).items():
        print(f"{name:>20}  {value}")
    described = {"benchmark": "copies", "files": options.files, **figures}
    return end(options, described, bars(ratio))


if __name__ == "__main__":
    sys.exit(main())
