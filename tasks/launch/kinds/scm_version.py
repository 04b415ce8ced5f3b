"""Packages that ask Git for their version: a release has no Git folder, so Slipway passes it."""

from __future__ import annotations

import re

from packaging.version import InvalidVersion, Version

from tasks.launch.kinds.interface import run_build
from tasks.launch.kinds.python_lock import LockTarget
from tasks.text import read_text

_ASKS_GIT = re.compile(
    r"setuptools[-_]scm|hatch-vcs|poetry-dynamic-versioning|use_scm_version|source = [\"']scm[\"']"
)
_DESCRIBED = re.compile(r"^(?P<tag>.+)-(?P<commits>\d+)-g(?P<commit>[0-9a-f]{4,})$")
_IN_TAG = re.compile(r"\d+(\.\d+)*((a|b|rc|\.post|\.dev|-?alpha|-?beta)\.?\d+)?$")
_UNKNOWN = "0.0"
_BUILDERS = ("pyproject.toml", "setup.py", "setup.cfg")
_PRETENDED = (
    "SETUPTOOLS_SCM_PRETEND_VERSION",
    "PDM_BUILD_SCM_VERSION",
    "POETRY_DYNAMIC_VERSIONING_BYPASS",
)
"""The variables that the tools which ask Git read instead."""


def built_wheel(target: LockTarget, described: str) -> str:
    """Return what to install as the project itself: the folder, or a wheel with its version.

    A wheel is built where the build would ask Git for the version and no PKG-INFO of a source
    archive states it, and for a project that has only a setup.cfg. ``described`` is the answer
    that Git would have given.
    """
    files = [path for name in _BUILDERS if (path := target.source / name).is_file()]
    asks_git = any(_ASKS_GIT.search(read_text("source", path)) for path in files)
    version = python_version(described)
    if (target.source / "PKG-INFO").is_file() or not asks_git:
        variables = {}
    else:
        variables = dict.fromkeys(_PRETENDED, version)
    if not variables and any(path.name != "setup.cfg" for path in files):
        return "."
    wheels, script = target.env.with_name("wheels"), target.source / "setup.py"
    options = ["--quiet", "--wheel", "--python", target.python, "--out-dir", str(wheels)]
    by_itself = all(path.name == "setup.cfg" for path in files)
    if by_itself:  # a setup.cfg is read by setup()
        script.write_text("from setuptools import setup\n\nsetup()\n", "utf-8")
    try:
        run_build([target.uv, "build", *options], target.source, variables)
    finally:
        if by_itself:
            script.unlink()
    return str(next(wheels.glob("*.whl")))


def python_version(described: str) -> str:
    """Return the PEP 440 version of an answer of `git describe` or the name of a version."""
    parts = _DESCRIBED.match(described)
    number = _IN_TAG.search(parts["tag"] if parts else described)
    try:
        version = str(Version(number[0])) if number else _UNKNOWN
    except InvalidVersion:
        version = _UNKNOWN
    if parts and parts["commits"] != "0":
        return f"{version}.post{parts['commits']}+g{parts['commit']}"
    return version
