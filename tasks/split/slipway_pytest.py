"""Runs inside a project's own environment: lists a suite's test ids, or runs some of them.

It is executed as a script and then loaded by pytest as a plugin, from a copy beside the ids;
so it imports nothing of ours, and works with pytest 6 and Python 3.8 upwards.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

try:
    import pytest
except ImportError:
    sys.stderr.write("pytest is not installed\n")
    sys.exit(70)

PROPERTY = "slipway_id"


def pytest_addoption(parser: Any) -> None:
    """Add where to write the ids of all tests, and where to read those to run."""
    group = parser.getgroup("slipway")
    group.addoption("--slipway-collect", metavar="FILE", help="write all test ids to FILE")
    group.addoption("--slipway-ids", metavar="FILE", help="run only the test ids in FILE")


def pytest_configure(config: Any) -> None:
    """Register the selection, where one was asked for."""
    source = config.getoption("--slipway-ids")
    if source:
        ids = json.loads(Path(source).read_text(encoding="utf-8"))
        selection = Selection if hasattr(pytest, "version_tuple") else LegacySelection
        config.pluginmanager.register(selection(ids, Path(str(config.rootdir))), "slipway-ids")


def pytest_collection_finish(session: Any) -> None:
    """Write the ids of all tests, in the order in which they would run."""
    target = session.config.getoption("--slipway-collect")
    if target:
        ids = list(dict.fromkeys(item.nodeid for item in session.items))
        Path(target).write_text(json.dumps(ids), encoding="utf-8")


class _Wanted:
    """Keeps the wanted tests, skips the files that hold none, and names each in the report."""

    def __init__(self, ids: list[str], root: Path) -> None:
        self.ids = set(ids)
        files = {root / node.split("::")[0] for node in ids}
        # An id that is no path below the root names its file in some other way: import all then.
        self.files = files if all(file.is_file() for file in files) else set()

    def ignored(self, path: Path) -> bool | None:
        """Tell pytest to leave out a file that holds none of the wanted tests."""
        wanted = not self.files or path in self.files or path.name == "__init__.py"
        return None if wanted or not path.is_file() else True

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: Any, items: list[Any]) -> None:
        """Deselect all others; a wanted test that is gone is an error, not a smaller run."""
        missing = self.ids - {item.nodeid for item in items}
        if missing:
            raise pytest.UsageError("no longer collected: " + ", ".join(sorted(missing)[:10]))
        unwanted = [item for item in items if item.nodeid not in self.ids]
        items[:] = [item for item in items if item.nodeid in self.ids]
        config.hook.pytest_deselected(items=unwanted)
        for item in items:
            # JSON survives XML, which would normalise white space and drop control characters.
            item.user_properties.append((PROPERTY, json.dumps(item.nodeid)))


class Selection(_Wanted):
    """The selection for pytest 7 and later."""

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Ask ``ignored``."""
        return self.ignored(collection_path)


class LegacySelection(_Wanted):
    """The selection for pytest 6, which names the path otherwise."""

    def pytest_ignore_collect(self, path: Any) -> bool | None:
        """Ask ``ignored``."""
        return self.ignored(Path(str(path)))


if __name__ == "__main__":
    here = str(Path(__file__).resolve().parent)
    # As `python -m pytest` does: tests import from where they are run, not from where this lies.
    if sys.path and sys.path[0] == here:
        sys.path[0] = str(Path.cwd())
    sys.path.append(here)
    sys.exit(pytest.main(["-p", "slipway_pytest", *sys.argv[1:]]))
