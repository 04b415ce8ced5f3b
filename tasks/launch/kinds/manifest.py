"""Reading the manifests of projects; a bad one is refused with the place of the mistake."""

from __future__ import annotations

import configparser
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tasks.errors import BadInputError
from tasks.text import read_text

_MEND = "Fix it in the source."
_OWN_EXTRAS = re.compile(r"^(?:-e\s+)?(?P<name>\.|[A-Za-z0-9._-]+)\s*(?:\[(?P<extras>[^\]]*)\])?$")


def pyproject(source: Path) -> Mapping[str, Any]:
    """Return the pyproject.toml of ``source``; empty if there is none.

    Raises:
        BadInputError: It is not TOML.
    """
    path = source / "pyproject.toml"
    if not path.is_file():
        return {}
    try:
        manifest = tomllib.loads(read_text("source", path))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadInputError("source", path.name, f"is not valid TOML ({error})", _MEND) from error
    for table in ("project", "build-system", "tool"):
        if not isinstance(manifest.get(table, {}), dict):
            raise BadInputError(f"source: {path.name}", table, "is not a table", _MEND)
    return manifest


def package_json(source: Path) -> Mapping[str, Any]:
    """Return the package.json of ``source``.

    Raises:
        BadInputError: It is not JSON, or not an object.
    """
    try:
        manifest = json.loads(read_text("source", source / "package.json"))
    except (ValueError, RecursionError) as error:
        raise BadInputError(
            "source", "package.json", f"is not valid JSON ({error})", _MEND
        ) from error
    if not isinstance(manifest, dict) or not isinstance(manifest.get("scripts", {}), dict):
        raise BadInputError("source", "package.json", "is not an object with scripts", _MEND)
    return manifest


def setup_cfg(source: Path) -> configparser.ConfigParser:
    """Return the setup.cfg of ``source``; empty if there is none.

    Raises:
        BadInputError: It cannot be read.
    """
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    path = source / "setup.cfg"
    if not path.is_file():
        return parser
    try:
        parser.read_string(read_text("source", path))
    except configparser.Error as error:
        problem = f"cannot be read ({' '.join(str(error).split())})"
        raise BadInputError("source", path.name, problem, _MEND) from error
    return parser


def distribution_name(source: Path, manifest: Mapping[str, Any]) -> str:
    """Return the project's name from ``manifest``, its pyproject.toml, else from setup.cfg."""
    for table in (manifest.get("project", {}), manifest.get("tool", {}).get("poetry", {})):
        if table.get("name"):
            return str(table["name"])
    return setup_cfg(source).get("metadata", "name", fallback="")


def requires_python(source: Path, manifest: Mapping[str, Any]) -> str:
    """Return the range that pyproject.toml or setup.cfg states; empty: any."""
    stated = manifest.get("project", {}).get("requires-python", "")
    return str(stated) or setup_cfg(source).get("options", "python_requires", fallback="")


def own_extras(name: str, requirements: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the requested extras of the project itself, and the other requirements.

    ``name`` is its name by its manifest: `.[web]` and `shop[web]` both are the project itself,
    not what a registry has by that name.
    """
    extras: list[str] = []
    others: list[str] = []
    for requirement in requirements:
        parts = _OWN_EXTRAS.match(requirement.strip())
        if parts and (parts["name"] == "." or normal(parts["name"]) == normal(name)):
            extras += [
                extra.strip() for extra in (parts["extras"] or "").split(",") if extra.strip()
            ]
        else:
            others.append(requirement)
    return list(dict.fromkeys(extras)), others


def normal(name: str) -> str:
    """Return the name of a package as registries compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
