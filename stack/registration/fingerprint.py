"""A fingerprint of all that is registered, computed from the files without importing them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

PACKAGES = ("stack", "flows", "tasks", "blocks", "analytics")


def sources(root: Path) -> list[Path]:
    """Return the files from which blocks and deployments are made, in a stable order."""
    modules = [path for package in PACKAGES for path in (root / package).rglob("*.py")]
    return [root / "prefect.yaml", *sorted(modules)]


def fingerprint(files: Iterable[Path], context: Iterable[str]) -> str:
    """Return a digest of the files' contents and of the strings that matter beside them."""
    digest = hashlib.sha256()
    for text in context:
        digest.update(text.encode() + b"\0")
    for file in files:
        digest.update(str(file).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()
