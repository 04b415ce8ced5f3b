"""Measures which lines and branches the tests run, in every process of this environment.

    branch_coverage.py install          processes that start with BRANCH_COVERAGE=<folder> are measured
    branch_coverage.py report <folder>  shares by package, what was not run; fails below `fail-under`

It is SlipCover (``[tool.slipcover]`` of pyproject.toml), which slows a process down once, at its
imports; coverage.py would make a Prefect server three times as slow. A process writes what it has
run every second, so that one that a test kills is measured as well.
"""

from __future__ import annotations

import ast
import atexit
import json
import os
import sys
import sysconfig
import threading
import tomllib
import uuid
from collections import defaultdict
from functools import cache
from multiprocessing import util
from pathlib import Path
from types import CodeType
from typing import Any

VARIABLE = "BRANCH_COVERAGE"
WRITE_SECONDS = 1.0
NEVER = 1 << 30
"""Runs of a line after which SlipCover would take its mark out, which costs more than the mark."""
ROOT = Path(__file__).resolve().parents[2]


def install() -> None:
    """Make every later process of this environment read this module when it starts."""
    lines = [
        str(Path(__file__).resolve().parent),
        f"import os; os.environ.get('{VARIABLE}') and __import__('{Path(__file__).stem}').begin()",
    ]
    Path(sysconfig.get_path("purelib"), "branch_coverage.pth").write_text("\n".join(lines) + "\n")


@cache
def begin() -> None:
    """Measure this process, from its next import on; a second call does nothing."""
    import slipcover  # noqa: PLC0415 - only processes that are measured need it

    # pytest would warn that it comes too late to rewrite its plugin, which suites take for an error.
    slipcover.__doc__ = "PYTEST_DONT_REWRITE"
    sources, omit = _files()
    probe = slipcover.Slipcover(branch=True, d_miss_threshold=NEVER)
    matcher = slipcover.FileMatcher(sources=sources, omit=omit)
    slipcover.ImportManager(probe, matcher).__enter__()
    slipcover.wrap_spec_from_file_location(probe, matcher)
    slipcover.importer.SlipcoverLoader.get_code = _code_of_program
    _Recorder(probe, Path(os.environ[VARIABLE])).start()


def _code_of_program(loader: Any, _name: str) -> CodeType:
    """Return the measured code of a module that is run as a program, which is not imported."""
    from slipcover.branch import preinstrument  # noqa: PLC0415

    tree = preinstrument(ast.parse(loader.origin.read_bytes()))
    code: CodeType = loader.sci.instrument(compile(tree, str(loader.origin), "exec"))
    return code


def _files() -> tuple[list[str], list[str]]:
    config = _config()
    return [str(ROOT / each) for each in config["source"]], [
        str(ROOT / each) for each in config["omit"]
    ]


def _config() -> dict[str, Any]:
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    config: dict[str, Any] = document["tool"]["slipcover"]
    return config


class _Recorder:
    """Writes what a process has run to a file of its own in ``folder``."""

    def __init__(self, probe: Any, folder: Path) -> None:
        self._probe = probe
        self._folder = folder
        self._written = 0
        self._file = folder

    def start(self) -> None:
        """Write every second and at the end; a forked process goes on in a file of its own."""
        atexit.register(self.write)
        os.register_at_fork(after_in_child=self._begin)
        # A fork of multiprocessing leaves out what is done at the end of other processes.
        util.register_after_fork(self, lambda it: util.Finalize(None, it.write, exitpriority=0))
        self._begin()

    def _begin(self) -> None:
        self._written = 0
        self._file = self._folder / f"{os.getpid()}-{uuid.uuid4().hex[:8]}.json"
        threading.Thread(target=self._write_on, daemon=True, name="branch coverage").start()

    def _write_on(self) -> None:
        pause = threading.Event()
        while not pause.wait(WRITE_SECONDS):
            self.write()

    def write(self) -> None:
        """Write what has been run so far, where there is more than the file has."""
        seen = {file: list(places) for file, places in self._probe.newly_seen.copy().items()}
        count = sum(map(len, seen.values()))
        if count > self._written:
            half = self._file.with_suffix(f".{threading.get_ident()}")
            half.write_text(json.dumps(seen), encoding="utf-8")
            half.replace(self._file)
            self._written = count


def report(folder: Path) -> int:
    """Print what the processes that wrote to ``folder`` have run; return 1 below the bar."""
    import slipcover  # noqa: PLC0415
    from slipcover.slipcover import add_summaries  # noqa: PLC0415

    sources, omit = _files()
    probe = slipcover.Slipcover(branch=True, source=sources, omit=omit)
    for file in folder.glob("*.json"):
        for name, places in json.loads(file.read_text(encoding="utf-8")).items():
            probe.all_seen[name].update(
                tuple(place) if isinstance(place, list) else place for place in places
            )
    coverage = probe.get_coverage()
    slipcover.print_coverage(coverage, skip_covered=True, missing_width=60)
    by_package: dict[str, dict[str, Any]] = defaultdict(dict)
    for name, measured in coverage["files"].items():
        by_package[name.partition("/")[0]][name] = measured
    print("\nbranch coverage by package")
    for package, files in sorted(by_package.items()):
        part = {"files": files}
        add_summaries(part)
        print(f"{package:10} {part['summary']['percent_covered']:.1f} %")
    share, bar = coverage["summary"]["percent_covered"], _config()["fail-under"]
    print(f"{'all':10} {share:.1f} % (at least {bar} % is asked for)")
    return int(share < bar)


def main() -> int:
    """Do what the arguments ask for."""
    if sys.argv[1:2] == ["report"]:
        return report(Path(sys.argv[2]))
    install()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
