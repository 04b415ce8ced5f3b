"""The boundary at which tools that search upward for settings stop, as the home may lie anywhere.

Above the trees that Slipway makes lie empty files of the names that tools search for. pytest, ruff,
mypy, uv, black, isort, flake8, npm, Node and editors stop at these, Git at a variable; coverage does
not search. Node finds the `node_modules` of folders above in any case.
"""

from __future__ import annotations

from pathlib import Path

_PYPROJECT = """\
# Tools that search upward for their settings stop here.
[tool.black]
[tool.coverage]
[tool.isort]
[tool.mypy]
[tool.pytest.ini_options]
[tool.ruff]
[tool.uv]
"""
FILES = {
    ".editorconfig": "root = true\n",
    ".flake8": "[flake8]\n",
    ".python-version": "# No version of Python is asked for.\n",
    "package.json": '{"private": true}\n',
    "pyproject.toml": _PYPROJECT,
}
# Where uv finds this, it looks no further for an environment to install into.
_ENVIRONMENT = ".venv"


def enclose(folder: Path) -> None:
    """Prevent tools that run below ``folder`` from finding settings above it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, content in FILES.items():
        if not (folder / name).exists():
            (folder / name).write_text(content, encoding="utf-8")
    (folder / _ENVIRONMENT).mkdir(exist_ok=True)


def ceiling(folder: Path) -> dict[str, str]:
    """Return the variables by which Git finds no repository at ``folder`` and above."""
    return {"GIT_CEILING_DIRECTORIES": str(folder)}
