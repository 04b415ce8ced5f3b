"""A release has no Git folder; packages that ask Git for their version get it nevertheless."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tasks.launch.kinds.python import PythonKind
from tasks.launch.kinds.scm_version import python_version


@pytest.mark.parametrize(
    ("described", "version"),
    [
        ("v1.2.0-0-g0123abc", "1.2.0"),
        ("v1.2.0-3-g0123abc", "1.2.0.post3+g0123abc"),
        ("shop@2.0.0-0-g0123abc", "2.0.0"),
        ("release-1.2rc1-0-g0123abc", "1.2rc1"),
        ("1.4", "1.4"),
        ("main", "0.0"),
        ("0123abc", "0.0"),
        ("", "0.0"),
    ],
)
def test_what_python_calls_it(described: str, version: str) -> None:
    """Broken: a tag that Python does not know as a version fails the build."""
    assert python_version(described) == version


def build(tmp_path: Path, files: dict[str, str], version: str = "") -> str:
    """Build a project of ``files`` and return the version that its environment knows."""
    for name, text in files.items():
        (tmp_path / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "source" / name).write_text(text)
    PythonKind().build(tmp_path, [], version)
    script = "import importlib.metadata as m, shop; print(m.version('shop'))"
    python = tmp_path / "env/bin/python"
    completed = subprocess.run(
        [python, "-c", script], cwd="/", check=True, capture_output=True, text=True
    )
    return completed.stdout.strip()


CFG = "[metadata]\nname = shop\nversion = 3.1\n[options]\npackage_dir =\n  = src\npackages = find:\n[options.packages.find]\nwhere = src\n"  # fmt: skip
SCM = '[build-system]\nrequires = ["setuptools", "setuptools-scm"]\nbuild-backend = "setuptools.build_meta"\n[project]\nname = "shop"\ndynamic = ["version"]\n[tool.setuptools_scm]\n'  # fmt: skip


@pytest.mark.integration
def test_a_package_that_asks_git_gets_its_version(tmp_path: Path) -> None:
    """Broken: every project with setuptools_scm fails to build from Git."""
    files = {"pyproject.toml": SCM, "src/shop/__init__.py": ""}
    assert build(tmp_path, files, "v1.2.0-3-g0123abc") == "1.2.0.post3+g0123abc"


@pytest.mark.integration
def test_a_source_archive_knows_its_version(tmp_path: Path) -> None:
    """Broken: an sdist gets the name of a version instead of its own."""
    files = {
        "pyproject.toml": SCM,
        "src/shop/__init__.py": "",
        "PKG-INFO": "Metadata-Version: 2.1\nName: shop\nVersion: 7.8\n",
    }
    assert build(tmp_path, files, "latest") == "7.8"


@pytest.mark.integration
def test_setup_cfg_alone_is_a_package(tmp_path: Path) -> None:
    """Broken: a project that has nothing but setup.cfg is not installed."""
    files = {"setup.cfg": CFG, "src/shop/__init__.py": ""}
    assert build(tmp_path, files) == "3.1"
    assert not (tmp_path / "source/setup.py").exists()
