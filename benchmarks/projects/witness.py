"""A pytest plugin that records each test that ran, and the version that it tested.

It is loaded by ``PYTEST_PLUGINS`` from a folder of its own, into the suites of all projects.
"""

from __future__ import annotations

from pathlib import Path

PLUGIN = '''
import importlib.metadata
import os


def pytest_runtest_logreport(report):
    """Note a test whose call has ended, in one write, as shards do so side by side."""
    if report.when != "call" or report.skipped:
        return
    try:
        version = importlib.metadata.version(os.environ["WITNESS_OF"])
    except importlib.metadata.PackageNotFoundError:
        version = "-"
    line = f"{version} {report.outcome} {report.nodeid}\\n"
    with open(os.environ["WITNESS"], "a") as notes:
        notes.write(line)
'''


def write_plugin(folder: Path) -> None:
    """Write the plugin to ``folder``, as a module ``witness_of_tests``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "witness_of_tests.py").write_text(PLUGIN, encoding="utf-8")


def variables(plugin: Path, notes: Path, package: str) -> dict[str, str]:
    """Return what a workload needs in its environment for ``notes`` to be written."""
    return {
        "WITNESS": str(notes),
        "WITNESS_OF": package,
        "PYTEST_PLUGINS": "witness_of_tests",
        "PYTHONPATH": str(plugin),
    }


def noted(notes: Path) -> list[str]:
    """Return the notes, each once, and start again."""
    lines = notes.read_text(encoding="utf-8").splitlines() if notes.exists() else []
    notes.unlink(missing_ok=True)
    return sorted(set(lines))
