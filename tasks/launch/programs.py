"""A digest of the programs that a build has installed for a release, beside its own source."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from tasks.launch.detection import KINDS
from tasks.release import Release

_PACKAGES = "env/lib/python*/site-packages/*.dist-info"
_ORIGIN = "direct_url.json"
# The files in which npm, yarn and pnpm write what they have installed.
_INSTALLED = (".package-lock.json", ".yarn-integrity", ".modules.yaml")


def programs_digest(release: Release) -> str:
    """Return the digest of the toolchain and of the installed packages with their versions.

    The project itself is not counted, whose version may be another at each commit.
    """
    parts = [KINDS[release.kind].toolchain(), *sorted(_packages(release))]
    for name in _INSTALLED:
        file = release.source / "node_modules" / name
        if file.is_file():
            parts.append(hashlib.sha256(file.read_bytes()).hexdigest())
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _packages(release: Release) -> Iterator[str]:
    for package in release.path.glob(_PACKAGES):
        if not _is_own(package):
            yield package.name


def _is_own(package: Path) -> bool:
    """Tell whether ``package`` was installed from a folder: the project itself, or a part of it."""
    try:
        return "dir_info" in json.loads((package / _ORIGIN).read_bytes())
    except (FileNotFoundError, ValueError):
        return False
