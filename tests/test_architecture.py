"""What import-linter cannot see: sizes of modules, empty packages, and who knows Prefect."""

from __future__ import annotations

import ast
import re
import warnings
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("stack", "flows", "tasks", "blocks", "analytics", "benchmarks", "examples", "tests")
LARGE, FORBIDDEN = 250, 400

MODULES = sorted(
    path
    for package in PACKAGES
    for path in (ROOT / package).rglob("*.py")
    if "migrations" not in path.parts
)
STACK_WITH_PREFECT = {
    "registration/default_blocks.py",
    "registration/register.py",
    "server/guard.py",
    "server/known_schemas.py",
    "server/limit_leases.py",
    "server/main.py",
    "server/migration.py",
    "server/pool_guard.py",
    "server/refusal.py",
    "server/run_guard.py",
    "server/schedules.py",
    "server/transitions.py",
    "worker/fork_server.py",
    "worker/patient_clients.py",
    "worker/prompt_ending.py",
    "worker/punctual_worker.py",
    "worker/handed_over.py",
    "worker/recent_reads.py",
    "worker/settings_variables.py",
    "worker/shared_context.py",
    "worker/shared_tls.py",
    "worker/wake.py",
}

TESTED_THROUGH = {
    "tasks/ledger/migrations/env.py": "alembic loads it by its path: tests/tasks/ledger/test_schema.py",
    "tasks/planning/multimode/budgets.py": "numba compiles it into the search: test_solve.py",
    "tasks/split/slipway_pytest.py": "the pytest of a suite loads it: test_suites_in_the_wild.py",
}
"""Modules that neither a test nor a tested module imports, and what tests them."""
_IMPORT = re.compile(r"^\s*(?:from ([\w.]+) import (\([^)]*\)|.*)|import (.*))$", re.MULTILINE)


@cache
def imports_prefect(path: Path) -> bool:
    """Tell whether a module imports Prefect, wherever in it."""
    text = path.read_text(encoding="utf-8")
    # Parsing takes far longer than reading, and few modules name it.
    found = ast.walk(ast.parse(text)) if "prefect" in text else ()
    return any("prefect" in _packages(node) for node in found)


def _packages(node: ast.AST) -> list[str]:
    """Return the top-level names that one statement imports."""
    if isinstance(node, ast.Import):
        return [name.name.split(".")[0] for name in node.names]
    return [(node.module or "").split(".")[0]] if isinstance(node, ast.ImportFrom) else []


def names(paths: list[Path]) -> list[str]:
    """Return paths as they are seen from the root."""
    return [str(path.relative_to(ROOT)) for path in paths]


def test_no_module_is_too_long() -> None:
    """A module grows until nobody finds anything in it."""
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    for path, count in lines.items():
        if LARGE < count <= FORBIDDEN:
            warnings.warn(f"{names([path])[0]} has {count} lines: it is large", stacklevel=1)
    assert names([path for path, count in lines.items() if count > FORBIDDEN]) == []


def test_packages_hold_a_docstring_only() -> None:
    """Importing one module of a package would import them all, and with them Prefect."""
    full = [
        path
        for path in MODULES
        if path.name == "__init__.py"
        and "guestbook" not in path.parts
        and len(ast.parse(path.read_text(encoding="utf-8")).body) > 1
    ]
    assert names(full) == []


def knows_prefect(path: Path) -> bool:
    """Tell whether a module may import Prefect."""
    package, *_, name = path.relative_to(ROOT).parts
    if package == "tasks":
        return name == "task.py"
    if package == "analytics":
        return name in {"flow.py", "task.py"}
    if package == "stack":
        return str(path.relative_to(ROOT / "stack")) in STACK_WITH_PREFECT
    if package == "benchmarks":
        return name == "plain_map.py"  # it measures Prefect itself
    return package in {"flows", "blocks", "tests"}


def test_only_the_edges_know_prefect() -> None:
    """What is pure would take seconds to import, and the resident reconciler 100 MB more."""
    beyond_edges = [path for path in MODULES if not knows_prefect(path) and imports_prefect(path)]
    assert names(beyond_edges) == []


def test_flows_of_analytics_only_compose() -> None:
    """A flow would hold the tasks of every package, and grow with each of them."""
    flows = [path for path in MODULES if path.parts[-1] == "flow.py" and "analytics" in path.parts]
    with_tasks = [path for path in flows if "@task" in path.read_text(encoding="utf-8")]
    assert len(flows) > 1
    assert names(with_tasks) == []


@pytest.mark.parametrize("name", ["interface.py", "detached.py", "supervisor.py", "slots.py"])
def test_what_blocks_promise_is_free_of_prefect(name: str) -> None:
    """A shim beside each service would hold Prefect in memory."""
    with_prefect = [path for path in (ROOT / "blocks").rglob(name) if imports_prefect(path)]
    assert names(with_prefect) == []


def imported(path: Path) -> set[str]:
    """Return the dotted names that a module imports, those of modules among them."""
    names: set[str] = set()
    for module, members, plain in _IMPORT.findall(path.read_text(encoding="utf-8")):
        names |= {module, *(f"{module}.{name}" for name in re.findall(r"\w+", members))}
        names |= set(re.findall(r"[\w.]+", plain))
    return names


def test_every_module_is_tested_or_says_through_what() -> None:
    """A module grows up without a test, since its package has many."""
    modules = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): path
        for path in MODULES
        if path.relative_to(ROOT).parts[0] in PACKAGES[:5] and path.name != "__init__.py"
    } | {"tasks.ledger.migrations.env": ROOT / "tasks/ledger/migrations/env.py"}
    tests = [*(ROOT / "tests").rglob("*.py")]
    mirrors = {path.relative_to(ROOT / "tests").with_name(path.name[5:]) for path in tests}
    used = set().union(*map(imported, tests))
    tested = {
        name for name, path in modules.items() if name in used or path.relative_to(ROOT) in mirrors
    }
    parts = set().union(*(imported(modules[name]) for name in tested))
    untested = [path for name, path in modules.items() if name not in tested | parts]
    assert sorted(names(untested)) == sorted(TESTED_THROUGH)
