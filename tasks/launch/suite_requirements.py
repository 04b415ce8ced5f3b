"""The requirements of a project's tests: those that its own metadata names together with pytest."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.launch.setup_extras import TESTS_REQUIRE, extras_of_setup_cfg, extras_of_setup_py

_FILES = (
    "requirements-test.txt",
    "requirements-tests.txt",
    "requirements_test.txt",
    "test-requirements.txt",
    "tests/requirements.txt",
    "requirements/test.txt",
    "requirements/tests.txt",
    "requirements/testing.txt",
    "requirements-dev.txt",
    "requirements_dev.txt",
    "dev-requirements.txt",
    "requirements/dev.txt",
    "requirements/development.txt",
)
_PREFERRED = ("test", "tests", "testing", "dev")
_NAME = re.compile(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


@dataclass(frozen=True, slots=True)
class SuiteRequirements:
    """The requirements of the tests: where they are named, and arguments of `uv pip install`."""

    where: str
    arguments: tuple[str, ...]


def suite_requirements(source: Path) -> SuiteRequirements | None:
    """Return the group, extra or file of ``source`` that names pytest; None if nothing does.

    It looks at dependency groups (PEP 735), extras, and the groups of uv, Poetry and Hatch in
    pyproject.toml, at extras in setup.cfg and setup.py, and then at the usual requirements files.
    """
    manifest = _manifest(source / "pyproject.toml")
    candidates = [*_of_manifest(manifest), *_of_setup(source), *_of_files(source)]
    return candidates[0] if candidates else None


def _of_manifest(manifest: Mapping[str, Any]) -> Iterator[SuiteRequirements]:
    project, tool = manifest.get("project", {}), manifest.get("tool", {})
    for name in _by_preference(manifest.get("dependency-groups", {})):
        if _names_pytest(_flat(manifest["dependency-groups"], name)):
            yield SuiteRequirements(f"dependency group {name!r}", ("--group", name))
    extras = project.get("optional-dependencies", {})
    for name in _by_preference(extras):
        if _names_pytest(extras[name]):
            own = any(
                _name(requirement) == _plain(project.get("name", ""))
                for requirement in extras[name]
            )
            arguments = (f".[{name}]",) if own else tuple(extras[name])
            yield SuiteRequirements(f"extra {name!r}", arguments)
    if _names_pytest(dev := tool.get("uv", {}).get("dev-dependencies", [])):
        yield SuiteRequirements("tool.uv.dev-dependencies", tuple(dev))
    poetry = tool.get("poetry", {})
    groups = {
        name: group.get("dependencies", {}) for name, group in poetry.get("group", {}).items()
    }
    groups |= (
        {"dev-dependencies": poetry["dev-dependencies"]} if "dev-dependencies" in poetry else {}
    )
    for name in _by_preference(groups):
        requirements = tuple(
            _of_poetry(requirement, constraint) for requirement, constraint in groups[name].items()
        )
        if _names_pytest(requirements):
            yield SuiteRequirements(f"Poetry group {name!r}", requirements)
    environments = tool.get("hatch", {}).get("envs", {})
    for name in _by_preference(environments):
        keys = ("dependencies", "extra-dependencies")
        requirements = tuple(
            requirement for key in keys for requirement in environments[name].get(key, [])
        )
        if _names_pytest(requirements):
            yield SuiteRequirements(f"Hatch environment {name!r}", requirements)


def _of_setup(source: Path) -> Iterator[SuiteRequirements]:
    """Yield extras of setup.cfg and setup.py that name pytest."""
    by_file = {
        "setup.cfg": extras_of_setup_cfg(source),
        "setup.py": extras_of_setup_py(source),
    }
    for file, extras in by_file.items():
        for name in _by_preference(extras):
            if _names_pytest(extras[name]):
                described = name if name == TESTS_REQUIRE else f"extra {name!r}"
                yield SuiteRequirements(f"{described} of {file}", tuple(extras[name]))


def _of_files(source: Path) -> Iterator[SuiteRequirements]:
    for name in _FILES:
        path = source / name
        if path.is_file() and _names_pytest(path.read_text("utf-8-sig", "replace").splitlines()):
            yield SuiteRequirements(name, ("--requirements", name))


def _manifest(path: Path) -> Mapping[str, Any]:
    """Return pyproject.toml; empty if it cannot be read, which the build has reported."""
    try:
        return tomllib.loads(path.read_text("utf-8-sig")) if path.is_file() else {}
    except (ValueError, RecursionError):
        return {}


def _by_preference(groups: Mapping[str, object]) -> list[str]:
    preferred = [name for name in _PREFERRED if name in groups]
    return [*preferred, *(name for name in groups if name not in preferred)]


def _flat(groups: Mapping[str, Any], name: str, visited: frozenset[str] = frozenset()) -> list[str]:
    """Return the requirements of a group with those of the groups it includes."""
    requirements: list[str] = []
    for requirement in groups.get(name, []):
        if isinstance(requirement, str):
            requirements.append(requirement)
        elif (inner := requirement.get("include-group", "")) not in {*visited, name}:
            requirements.extend(_flat(groups, inner, visited | {name}))
    return requirements


def _names_pytest(requirements: Sequence[str]) -> bool:
    return any(_name(requirement) == "pytest" for requirement in requirements)


def _name(requirement: str) -> str:
    match = _NAME.match(requirement)
    return _plain(match[1]) if match else ""


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _of_poetry(name: str, constraint: Any) -> str:
    """Return a dependency of Poetry as a requirement."""
    if isinstance(constraint, list):  # one for each platform or Python
        return name
    table = constraint if isinstance(constraint, dict) else {"version": constraint}
    extras = f"[{','.join(table['extras'])}]" if table.get("extras") else ""
    return f"{name}{extras}{_constraint(str(table.get('version', '*')).strip())}"


def _constraint(version: str) -> str:
    if version in {"*", ""} or "||" in version or "|" in version:
        return ""
    if version[0] not in "^~" or version.startswith("~="):
        return version if version[0] in "<>=!~" else f"=={version}"
    lower = version[1:].strip()
    parts = [int(part) for part in re.findall(r"\d+", lower)[:3]]
    if version[0] == "^":
        fixed = next((index for index, part in enumerate(parts) if part), len(parts) - 1)
    else:
        fixed = min(1, len(parts) - 1)
    upper = ".".join(map(str, [*parts[:fixed], parts[fixed] + 1]))
    return f">={lower},<{upper}"
