"""The two versions of a project on disk: copied from the tree, or downloaded from PyPI."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

from examples.demo.errors import DemoError
from examples.demo.subject import Subject

GUESTBOOK = Path(__file__).parents[1] / "guestbook"
_NOT_COPIED = shutil.ignore_patterns("__pycache__", ".*", "build", "*.egg-info", "slipway.yaml")
_VERSION = re.compile(r'^__version__ = ".*"$', re.MULTILINE)


def prepare(subject: Subject, folder: Path) -> list[str]:
    """Put both versions of ``subject`` into ``folder`` and return where they are."""
    folder.mkdir(parents=True, exist_ok=True)
    make = copy_guestbook if subject.name == "guestbook" else download
    return [
        make(version, folder / subject.source.replace("{version}", version)).name
        for version in (subject.old, subject.new)
    ]


def copy_guestbook(version: str, target: Path) -> Path:
    """Copy the example to ``target`` and let it call itself ``version``."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(GUESTBOOK, target, ignore=_NOT_COPIED)
    package = target / "guestbook" / "__init__.py"
    text, replaced = _VERSION.subn(f'__version__ = "{version}"', package.read_text())
    if replaced != 1:
        raise DemoError(f"{package}: expected one line with __version__, found {replaced}")
    package.write_text(text)
    return target


def download(version: str, target: Path) -> Path:
    """Download the sdist of httpbin to ``target``, unless it is there already."""
    if target.is_file():
        return target
    command = [*_pip(), "download", "--quiet", "--no-deps", "--no-binary", "httpbin"]
    wanted = ["--dest", str(target.parent), f"httpbin=={version}"]
    done = subprocess.run(  # the index may be slow
        [*command, *wanted], capture_output=True, text=True, timeout=300, check=False
    )
    if done.returncode or not target.is_file():
        raise DemoError(f"pip could not download httpbin {version}: {done.stderr.strip()[-500:]}")
    return target


def _pip() -> list[str]:
    """Return the command that is pip: an environment made by uv has none of its own."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    uv = Path(sys.executable).with_name("uv")
    return [str(uv) if uv.exists() else "uv", "tool", "run", "pip"]
