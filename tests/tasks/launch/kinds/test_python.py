"""Python environments hold what the manifests and the project ask for."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tasks.errors import BadInputError
from tasks.launch.kinds.interface import BuildError
from tasks.launch.kinds.manifest import own_extras, pyproject
from tasks.launch.kinds.python import PythonKind, is_package
from tasks.launch.suite_requirements import suite_requirements

PACKAGE = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "demo"
version = "3.2.1"
[project.optional-dependencies]
web = ["six"]
[project.scripts]
demo = "demo:main"
"""


@pytest.mark.parametrize(
    ("files", "package"),
    [
        ({}, False),
        ({"pyproject.toml": "[tool.ruff]\n"}, False),
        ({"pyproject.toml": "[project]\nname = 'x'\n"}, True),
        ({"pyproject.toml": "[project]\nname = 'x'\n[tool.uv]\npackage = false\n"}, False),
        ({"pyproject.toml": "[build-system]\n[tool.poetry]\npackage-mode = false\n"}, False),
        ({"setup.py": ""}, True),
        ({"setup.cfg": "[flake8]\nmax-line-length = 100\n"}, False),
        ({"setup.cfg": "[metadata]\nname = x\n"}, True),
    ],
)
def test_settings_of_tools_are_no_package(
    tmp_path: Path, files: dict[str, str], package: bool
) -> None:
    """Broken: the settings of a tool are taken for a package, or a package is not installed."""
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert is_package(tmp_path, pyproject(tmp_path)) == package


def test_a_project_names_itself_in_two_ways() -> None:
    """Broken: `shop[web]` fetches what a registry has by the name of the project."""
    requirements = ["gunicorn", ".[web]", "Shop_App[db, web]", "-e ."]
    assert own_extras("shop-app", requirements) == (["web", "db"], ["gunicorn"])


@pytest.mark.integration
def test_requirements_may_name_the_project_itself(tmp_path: Path) -> None:
    """Broken: `-e .` leaves an environment that points to a folder which is renamed."""
    source = tmp_path / "building/source"
    (source / "demo").mkdir(parents=True)
    (source / "pyproject.toml").write_text(PACKAGE)
    (source / "demo/__init__.py").write_text("def main():\n    print('well')\n")
    (source / "requirements.txt").write_text("-e .[web]\n")
    PythonKind().build(tmp_path / "building", [])
    release = (tmp_path / "building").rename(tmp_path / "release")
    shutil.rmtree(release / "source")
    completed = subprocess.run(
        [release / "env/bin/demo"], check=True, capture_output=True, text=True, cwd="/"
    )
    assert completed.stdout == "well\n"


@pytest.mark.integration
def test_a_python_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Broken: an environment is built with a Python that the project refuses."""
    (tmp_path / "source").mkdir()
    (tmp_path / "source/pyproject.toml").write_text(
        "[project]\nname = 'x'\nversion = '1'\nrequires-python = '>=3.99'\n"
    )
    with pytest.raises(BadInputError, match=r"requires-python: no Python here .*'>=3\.99'"):
        PythonKind().build(tmp_path, [])


@pytest.mark.integration
def test_an_environment_works_where_it_is_renamed_to(tmp_path: Path) -> None:
    """Broken: no release would find its programs, or know its version."""
    source = tmp_path / "building/source"
    (source / "demo").mkdir(parents=True)
    (source / "pyproject.toml").write_text(PACKAGE)
    (source / "demo/__init__.py").write_text(
        "def main():\n    import importlib.metadata as m, six\n    print(m.version('demo'))\n"
    )
    PythonKind().build(tmp_path / "building", [".[web]"])
    release = (tmp_path / "building").rename(tmp_path / "release")
    (programs,) = PythonKind().programs(release)
    completed = subprocess.run([programs / "demo"], check=True, capture_output=True, text=True)
    assert completed.stdout == "3.2.1\n"


@pytest.mark.integration
def test_a_failed_build_ends_with_what_was_said(tmp_path: Path) -> None:
    """Broken: nobody would know which requirement does not exist."""
    (tmp_path / "source").mkdir()
    (tmp_path / "source/requirements.txt").write_text("./no-such-folder\n")
    with pytest.raises(BuildError, match="no-such-folder"):
        PythonKind().build(tmp_path, [])


@pytest.mark.integration
def test_requirements_that_are_no_text_are_refused_with_their_place(tmp_path: Path) -> None:
    """Broken: a comment in Latin-1 ends a build with words about streams."""
    (tmp_path / "source").mkdir()
    (tmp_path / "source/requirements.txt").write_bytes(b"# gr\xfc\xdfe\nsix\n")
    with pytest.raises(BadInputError, match=r"is not UTF-8 at line 1, byte 5 \(0xfc\)"):
        PythonKind().build(tmp_path, [])


def test_a_manifest_of_a_thousand_lists_in_one_another_is_no_toml(tmp_path: Path) -> None:
    """Broken: a launch, or a look at what tests need, ends with a stack trace."""
    (tmp_path / "pyproject.toml").write_text(f"a = {'[' * 5000}{']' * 5000}")
    with pytest.raises(BadInputError, match="is not valid TOML"):
        pyproject(tmp_path)
    assert suite_requirements(tmp_path) is None
