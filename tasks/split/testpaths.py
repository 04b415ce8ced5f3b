"""The `testpaths` in the settings of a suite, read from the same files as by pytest."""

from __future__ import annotations

import tomllib
from configparser import ConfigParser, Error
from pathlib import Path

_FILES = (
    ("pytest.ini", "pytest"),
    (".pytest.ini", "pytest"),
    ("pyproject.toml", ""),
    ("tox.ini", "pytest"),
    ("setup.cfg", "tool:pytest"),
)


def has_test_paths(source: Path) -> bool:
    """Tell whether pytest, started in ``source``, finds `testpaths`: the first settings count.

    A file that cannot be read is left to pytest, which reports it.
    """
    for name, section in _FILES:
        path = source / name
        if not path.is_file():
            continue
        settings = _ini(path, section) if section else _toml(path)
        if settings is not None:
            return bool(settings.get("testpaths"))
    return False


def _ini(path: Path, section: str) -> dict[str, object] | None:
    parser = ConfigParser(interpolation=None)
    try:
        parser.read_string(path.read_text("utf-8-sig"))
    except (Error, ValueError):
        return {}
    if not parser.has_section(section):
        # `pytest.ini` is pytest's own, also where it is empty.
        return {} if path.name.endswith("pytest.ini") else None
    return dict(parser[section])


def _toml(path: Path) -> dict[str, object] | None:
    try:
        tool = tomllib.loads(path.read_text("utf-8-sig")).get("tool", {})
    except (ValueError, RecursionError):
        return {}
    settings = tool.get("pytest", {})
    options = settings.get("ini_options", settings or None)
    return options if options is None else dict(options)
