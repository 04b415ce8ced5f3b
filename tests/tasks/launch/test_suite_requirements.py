"""pytest is found wherever a project's metadata names it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.launch.suite_requirements import SuiteRequirements, suite_requirements

POETRY = """
[tool.poetry.group.test.dependencies]
pytest = "^8.1"
mock = { version = "~1.2", extras = ["fast"] }
lint = "*"
exact = "2.0"
low = "^0.3.1"
[tool.poetry.dependencies]
python = "^3.11"
"""


@pytest.mark.parametrize(
    ("files", "where", "arguments"),
    [
        (
            {"pyproject.toml": '[dependency-groups]\nlint = ["ruff"]\nci = ["PyTest>=8"]'},
            "dependency group 'ci'",
            ("--group", "ci"),
        ),
        (
            {
                "pyproject.toml": "[dependency-groups]\nbase = ['pytest']\n"
                "dev = [{include-group = 'base'}, {include-group = 'dev'}]"
            },
            "dependency group 'dev'",
            ("--group", "dev"),
        ),
        (
            {
                "pyproject.toml": "[project.optional-dependencies]\nx = ['a']\ntest = ['pytest', 'b']"
            },
            "extra 'test'",
            ("pytest", "b"),
        ),
        (
            {
                "pyproject.toml": "[project]\nname = 'My_Shop'\n"
                "[project.optional-dependencies]\ndev = ['my-shop[docs]', 'pytest']"
            },
            "extra 'dev'",
            (".[dev]",),
        ),
        (
            {"pyproject.toml": "[tool.uv]\ndev-dependencies = ['pytest']"},
            "tool.uv.dev-dependencies",
            ("pytest",),
        ),
        (
            {"pyproject.toml": POETRY},
            "Poetry group 'test'",
            (
                *("pytest>=8.1,<9", "mock[fast]>=1.2,<1.3", "lint", "exact==2.0"),
                "low>=0.3.1,<0.4",
            ),
        ),
        (
            {"pyproject.toml": '[tool.poetry.dev-dependencies]\npytest = ">=7,<9"'},
            "Poetry group 'dev-dependencies'",
            ("pytest>=7,<9",),
        ),
        (
            {"pyproject.toml": "[tool.hatch.envs.hatch-test]\nextra-dependencies = ['pytest']"},
            "Hatch environment 'hatch-test'",
            ("pytest",),
        ),
        (
            {
                "setup.cfg": "[options.extras_require]\ndocs = sphinx\ntest =\n    pytest>=8\n    mock\n"
            },
            "extra 'test' of setup.cfg",
            ("pytest>=8", "mock"),
        ),
        (
            {
                "setup.cfg": "[options.extras_require]\ndev = file: wanted.txt\n",
                "wanted.txt": "# tools\npytest\n",
            },
            "extra 'dev' of setup.cfg",
            ("pytest",),
        ),
        (
            {
                "setup.py": "from setuptools import setup\nTESTS = ['pytest', 'mock']\n"
                "setup(name='a', extras_require={'docs': ['x'], 'dev': TESTS + ['ruff']})\n"
            },
            "extra 'dev' of setup.py",
            ("pytest", "mock", "ruff"),
        ),
        (
            {"setup.py": "import setuptools\nsetuptools.setup(tests_require=['pytest<9'])\n"},
            "tests_require of setup.py",
            ("pytest<9",),
        ),
        (
            {"requirements-dev.txt": "-r requirements.txt\npytest==8.3  # tests\n"},
            "requirements-dev.txt",
            ("--requirements", "requirements-dev.txt"),
        ),
        (
            {"requirements/test.txt": "\ufeffpytest\n"},
            "requirements/test.txt",
            ("--requirements", "requirements/test.txt"),
        ),
    ],
)
def test_where_pytest_is_named(
    tmp_path: Path, files: dict[str, str], where: str, arguments: tuple[str, ...]
) -> None:
    """Broken: a project that says what its tests need is told to say it again."""
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert suite_requirements(tmp_path) == SuiteRequirements(where, arguments)


@pytest.mark.parametrize(
    "text",
    [
        "import setuptools\nsetuptools.setup(extras_require=read())",
        "setup(extras_require={'test': [pin('pytest')]}, **more)",
        "A = B\nB = A\nsetup(extras_require=A)",
        "no python (",
    ],
)
def test_what_setup_py_computes_is_not_guessed(tmp_path: Path, text: str) -> None:
    """Broken: a setup.py of any kind ends the run, or is executed to be looked at."""
    (tmp_path / "setup.py").write_text(text)
    assert suite_requirements(tmp_path) is None


@pytest.mark.parametrize(
    "text", ["", "[project]\nname = 'a'", "[dependency-groups]\ndev = ['pytest-mock']", "no toml ["]
)
def test_what_names_no_pytest_is_not_installed(tmp_path: Path, text: str) -> None:
    """Broken: any group of a project is installed, or a manifest that is wrong ends the run."""
    (tmp_path / "pyproject.toml").write_text(text)
    assert suite_requirements(tmp_path) is None
