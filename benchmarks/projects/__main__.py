"""The campaign of projects: takes sixteen real ones through their life and judges the effects.

`python -m benchmarks.projects --json [--only NAME ...] [--check]` brings up a stack of its own,
fetches each project from PyPI or npm or has it made by the real tools, and takes it through
configure, launch, tests, a change of its configuration, deploy, rollback, backup, restore, stop and
launch again. Each project is first given with source and version alone; `ok+` says that keys had to
be added by hand. The bar: no stage without its effect.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.bars import add_options, end
from benchmarks.projects import foreign, nodes, pythonic, witness
from benchmarks.projects.library import LibraryLife
from benchmarks.projects.life import Life, lived
from benchmarks.projects.report import Result, bars, figures, table
from benchmarks.projects.served import ServedLife
from benchmarks.projects.stack import Stack, own_stack
from benchmarks.projects.subject import Subject
from benchmarks.projects.workshop import Workshop
from tasks.errors import SlipwayError

SUBJECTS = (
    foreign.HTTPBIN,
    foreign.PYPISERVER,
    pythonic.FLASK,
    pythonic.DJANGO,
    pythonic.UV,
    pythonic.POETRY,
    pythonic.SRC_LAYOUT,
    pythonic.SETUP_CFG,
    pythonic.PROCFILE,
    foreign.HTTP_SERVER,
    nodes.JSON_SERVER,
    nodes.EXPRESS,
    nodes.PNPM_PROJECT,
    nodes.YARN_PROJECT,
    foreign.ITSDANGEROUS,
    foreign.CLICK,
)


def result_of(stack: Stack, subject: Subject) -> Result:
    """Make one project and take it through its life."""
    print(f"{subject.name} ({subject.origin})", flush=True)
    folder = stack.folder / "projects" / subject.name
    plugin = stack.folder / "plugin"
    witness.write_plugin(plugin)
    try:
        source = subject.prepare(Workshop(folder))
    except (SlipwayError, subprocess.TimeoutExpired) as error:
        print(f"  could not be made: {error}", flush=True)
        return Result(subject, {}, 0, str(error))
    life = Life(stack, subject, source, folder)
    if subject.answer is None:
        stages = LibraryLife(life, plugin).stages()
    else:
        stages = ServedLife(life, subject.answer, plugin).stages()
    outcomes = lived(stages)
    return Result(subject, outcomes, life.added)


def main(arguments: Sequence[str] | None = None) -> int:
    """Take all of them through, print, and return 1 if a checked bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_options(parser)
    parser.add_argument(
        "--only", action="append", metavar="NAME", help="this project, and no other"
    )
    options = parser.parse_args(arguments)
    # Told to end, it takes its stack down first.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    subjects = [each for each in SUBJECTS if not options.only or each.name in options.only]
    with (
        tempfile.TemporaryDirectory(prefix="slipway-projects-") as folder,
        own_stack(Path(folder).resolve()) as stack,
    ):
        results = [result_of(stack, subject) for subject in subjects]
    print(table(results))
    return end(options, figures(results), bars(results))


if __name__ == "__main__":
    sys.exit(main())
