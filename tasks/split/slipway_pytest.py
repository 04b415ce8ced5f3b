"""A pytest plugin for a project's own environment: it lists a suite's test ids, or runs some.

It is executed as a script and then loaded by pytest as a plugin, from a copy beside the ids;
so it imports nothing of Slipway, and works with pytest 6 and Python 3.8 upwards. The plugin itself
writes the result of each test at once: options of the suite can neither redirect nor lose it, and
where the process is killed the file names the test that ran.
"""

from __future__ import annotations

import ast
import inspect
import json
import os
import sys
import textwrap
from functools import partial
from pathlib import Path
from typing import Any

try:
    import pytest
except ImportError:
    sys.stderr.write("pytest is not installed\n")
    sys.exit(70)

_MAX_MESSAGE_LENGTH = 4000
_SEVERITY = ("passed", "skipped", "failed", "error")
_ORDERED = ("incremental", "dependency")
_PREPARED = frozenset({"setUpClass", "tearDownClass", "setUpTestData", "setup_class"})
_KEEPING: dict[type, bool] = {}


def pytest_addoption(parser: Any) -> None:
    """Add the options of the files with the ids of all tests, those to run, and the results."""
    group = parser.getgroup("slipway")
    group.addoption("--slipway-collect", metavar="FILE", help="write all test ids to FILE")
    group.addoption("--slipway-ids", metavar="FILE", help="run only the test ids in FILE")
    group.addoption(
        "--slipway-whole", action="store_true", help="the ids are all tests of the suite"
    )
    group.addoption("--slipway-results", metavar="FILE", help="write the result of each to FILE")


def pytest_configure(config: Any) -> None:
    """Register the selection and the writer of results, where the options name files for them."""
    source = config.getoption("--slipway-ids")
    if source:
        ids = json.loads(Path(source).read_text(encoding="utf-8"))
        selection = Selection if hasattr(pytest, "version_tuple") else LegacySelection
        config.pluginmanager.register(selection(ids, Path(str(config.rootdir))), "slipway-ids")
        # With xdist, the workers run the tests and the controller hears of all of them.
        if not hasattr(config, "workerinput"):
            results = config.getoption("--slipway-results")
            config.pluginmanager.register(ResultWriter(results, set(ids)), "slipway-results")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: Any, exitstatus: Any) -> None:
    """Write all tests in run order, with those that belong together.

    The exit status of pytest itself is written too: a conftest may set another one.
    """
    target = session.config.getoption("--slipway-collect")
    if target:
        tests = {item.nodeid: _belongs(item) for item in getattr(session, "items", [])}
        collected = {"status": int(exitstatus), "tests": list(tests.items())}
        Path(target).write_text(json.dumps(collected), encoding="utf-8")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: Any) -> None:
    """Disable the coverage limit for a part of the suite and for its collection; note the limit."""
    config = session.config
    plugin = config.pluginmanager.getplugin("_cov")
    option_holders: list[Any] = [config.option, getattr(plugin, "options", None)]
    record = config.pluginmanager.getplugin("slipway-results")
    disabled = getattr(plugin, "_disabled", False)  # by --no-cov
    if record and not disabled and getattr(option_holders[-1], "cov_fail_under", None):
        record.note(
            limit=float(option_holders[-1].cov_fail_under),
            settings=getattr(option_holders[-1], "cov_config", None) or ".coveragerc",
        )
    if config.getoption("--slipway-whole"):
        return
    for options in option_holders:
        if hasattr(options, "cov_fail_under"):
            options.cov_fail_under = 0


class ResultWriter:
    """Writes a line when a test starts and when it has ended."""

    def __init__(self, path: str, ids: set[str]) -> None:
        self.path = path
        self.ids = ids
        self.pid = os.getpid()
        self.seconds: dict[str, float] = {}
        self.verdicts: dict[str, tuple[str, str]] = {}
        self._open()

    def _open(self) -> None:
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        # Bound now: a test may replace `os` in this module by one that writes elsewhere.
        self._write = partial(os.write, descriptor)

    def note(self, **fields: Any) -> None:
        """Write one line, except in a child process that a test has forked."""
        if os.getpid() != self.pid:
            return
        line = json.dumps(fields).encode() + b"\n"
        try:
            self._write(line)
        except OSError:  # a test has closed the descriptor
            self._open()
            self._write(line)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Note which test runs, in case it ends the process."""
        self.note(started=self._id(nodeid))

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Keep the worst of set-up, call and tear-down; note it when the last is known."""
        test = self._id(report.nodeid)
        if report.outcome == "rerun":
            self.note(rerun=test)
        if report.when == "setup":  # also where a plugin tries it again
            self.seconds[test], self.verdicts[test] = 0.0, ("passed", "")
        self.seconds[test] = self.seconds.get(test, 0.0) + report.duration
        verdict, worst = _verdict(report), self.verdicts.get(test, ("passed", ""))
        if _SEVERITY.index(verdict[0]) > _SEVERITY.index(worst[0]):
            self.verdicts[test] = verdict
        if report.when == "teardown" or report.when is None:
            outcome, message = self.verdicts.pop(test, verdict)
            seconds = self.seconds.pop(test, 0.0)
            self.note(id=test, seconds=seconds, outcome=outcome, message=message)

    def pytest_collectreport(self, report: Any) -> None:
        """Note a failure of collection, e.g. of an import."""
        if report.failed:
            self.note(id=report.nodeid, seconds=0.0, outcome="error", message=_message(report))

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: Any, exitstatus: Any) -> Any:
        """Note the tests whose process has died under xdist, and the exit status."""
        for test, (outcome, message) in self.verdicts.items():
            if outcome not in {"passed", "skipped"}:
                seconds = self.seconds.get(test, 0.0)
                self.note(id=test, seconds=seconds, outcome=outcome, message=message)
        yield
        covered = getattr(session.config.pluginmanager.getplugin("_cov"), "cov_total", None)
        self.note(status=int(exitstatus), left=session.exitstatus, covered=covered)

    def _id(self, nodeid: str) -> str:
        """Return the id without the group that xdist adds to it."""
        return nodeid if nodeid in self.ids else nodeid.rpartition("@")[0] or nodeid


def _verdict(report: Any) -> tuple[str, str]:
    if report.outcome == "skipped":
        return "skipped", _message(report)
    if report.outcome != "failed":
        return "passed", ""
    return "error" if report.when in {"setup", "teardown"} else "failed", _message(report)


def _message(report: Any) -> str:
    representation = report.longrepr
    crash = getattr(representation, "reprcrash", None)
    if crash is not None:
        text = str(crash.message)
    elif isinstance(representation, tuple):
        text = str(representation[-1])
    else:
        text = str(representation or "")
    return text[:_MAX_MESSAGE_LENGTH]


def _belongs(item: Any) -> list[str]:
    """Return the module and the class of a test; the class again where its tests share state."""
    module = item.nodeid.split("::")[0]
    owner = getattr(item, "cls", None)
    if owner is None:
        return [module, "", ""]
    inside = item.nodeid[: item.nodeid.index("[")] if "[" in item.nodeid else item.nodeid
    name = inside.rpartition("::")[0]
    return [module, name, name if _shares(item, owner) else ""]


def _shares(item: Any, owner: type) -> bool:
    if any(item.get_closest_marker(name) for name in _ORDERED):
        return True
    definitions = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    scopes = [
        definition.scope
        for name, defined in definitions.items()
        for definition in defined
        if not name.startswith("_") or name.startswith("_xunit_setup_class")
    ]
    return "class" in scopes or _keeps_state(owner)


def _keeps_state(owner: type) -> bool:
    """Tell whether its tests may keep state on the class; its instances are new for each test."""
    if owner not in _KEEPING:
        own = {name: value for name, value in vars(owner).items() if not name.startswith("__")}
        prepared = not _PREPARED.isdisjoint(own)
        mutable = any(isinstance(value, (list, dict, set)) for value in own.values())
        _KEEPING[owner] = prepared or mutable or _assigns(owner)
    return _KEEPING[owner]


def _assigns(owner: type) -> bool:
    """Tell whether its source assigns to the class: `cls.x = ...`, `type(self).x += ...`."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(owner)))
    except (OSError, TypeError, SyntaxError):
        return False
    targets: list[ast.expr] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            targets.extend(node.targets)
        elif isinstance(node, (ast.AugAssign, ast.AnnAssign)):
            targets.append(node.target)
    return any(
        isinstance(target, ast.Attribute) and _is_class(target.value, owner) for target in targets
    )


def _is_class(node: ast.expr, owner: type) -> bool:
    if isinstance(node, ast.Name):
        return node.id in {"cls", owner.__name__}
    if isinstance(node, ast.Attribute):
        return node.attr == "__class__"
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "type"


class _TestSelection:
    """Keeps the selected tests, and skips the files without any of them."""

    def __init__(self, ids: list[str], root: Path) -> None:
        self.ids = set(ids)
        files = {root / node.split("::")[0] for node in ids}
        # An id that is not a path below the root names its file in another way: import all then.
        self.files = files if all(file.is_file() for file in files) else set()

    def ignored(self, path: Path) -> bool | None:
        """Tell pytest to leave out a file without any of the selected tests."""
        needed = not self.files or path in self.files or path.name == "__init__.py"
        return None if needed or not path.is_file() else True

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: Any, items: list[Any]) -> None:
        """Deselect all other tests; note the selected ones that are missing, and run the rest."""
        missing = self.ids - {item.nodeid for item in items}
        if missing:
            problem = _changed(sorted(missing), {_function(item.nodeid) for item in items})
            results = Path(config.getoption("--slipway-results"))
            with results.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"problem": problem}) + "\n")
        unwanted = [item for item in items if item.nodeid not in self.ids]
        items[:] = [item for item in items if item.nodeid in self.ids]
        config.hook.pytest_deselected(items=unwanted)


def _changed(missing: list[str], functions: set[str]) -> str:
    """Return why selected tests are missing, with a remedy, given the functions that exist."""
    renamed = [node for node in missing if "[" in node and _function(node) in functions]
    if not renamed:
        return (
            f"no longer collected: {', '.join(missing[:10])}. Which tests the suite has changes "
            "from one start of pytest to the next: have it not depend on chance, time or order."
        )
    return (
        f"{len(renamed)} tests have other ids than when they were collected, e.g. {renamed[0]}: "
        "their parameters differ at each start of pytest, by chance, time or addresses. "
        'Give each a fixed id, pytest.param(..., id="..."), or a fixed seed to what makes them.'
    )


def _function(node: str) -> str:
    """Return the id of a test without its parameters."""
    return node.partition("[")[0]


class Selection(_TestSelection):
    """The selection for pytest 7 and later."""

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Ask ``ignored``."""
        return self.ignored(collection_path)


class LegacySelection(_TestSelection):
    """The selection for pytest 6, which uses another name for the path."""

    def pytest_ignore_collect(self, path: Any) -> bool | None:
        """Ask ``ignored``."""
        return self.ignored(Path(str(path)))


if __name__ == "__main__":
    here = str(Path(__file__).resolve().parent)
    # As `python -m pytest` does: tests import from where they are run, not from where this lies.
    if sys.path and sys.path[0] == here:
        sys.path[0] = str(Path.cwd())
    sys.path.append(here)
    # Shards run side by side, in one folder.
    os.environ.setdefault("COVERAGE_FILE", str(Path(here) / "coverage"))
    sys.exit(pytest.main(["-p", "slipway_pytest", *sys.argv[1:]]))
