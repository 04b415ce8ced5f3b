"""The `slipway.yaml` of the demo."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

import yaml

from examples.demo.subject import Subject

ENVIRONMENT = "demo"
SERVICE = "web"
WORKLOAD = "tests"


def configuration(subject: Subject, folder: Path, password: str) -> dict[str, Any]:
    """Return what `slipway.yaml` in ``folder`` says of ``subject``."""
    service = {
        "command": subject.command,
        "health_path": subject.health_path,
        "drain_seconds": 10,
        "demand": {"cpus": 0.5, "memory_mib": 512},
    }
    project = {
        "source": subject.source,
        "requirements": list(subject.requirements),
        "services": {SERVICE: service},
        "workloads": {WORKLOAD: {"kind": "pytest", "paths": ["tests"]}},
        "data": [str(data_folder(subject, folder))],
        "repository": "demo",
        "environments": {ENVIRONMENT: {"variables": dict(subject.variables)}},
    }
    return {
        "projects": {subject.name: project},
        "environments": {ENVIRONMENT: {}},
        "providers": {"local": {"kind": "shell", "cpus": 2, "slots": 2, "memory_mib": 2048}},
        "repositories": {
            "demo": {
                "kind": "restic",
                "location": str(folder / "backups"),
                "password": password,
            }
        },
    }


def data_folder(subject: Subject, folder: Path) -> Path:
    """Return a folder that is backed up beside what the project itself writes."""
    return folder / f"{subject.name}-data"


def write(subject: Subject, folder: Path) -> Path:
    """Write `slipway.yaml`, which only its owner may read, and return where it is."""
    kept = data_folder(subject, folder)
    kept.mkdir(parents=True, exist_ok=True)
    (kept / "note.txt").write_text(f"Something of {subject.name} to lose.\n")
    path = folder / "slipway.yaml"
    text = yaml.safe_dump(configuration(subject, folder, _password(folder)), sort_keys=False)
    _write_private(path, text)
    return path


def _password(folder: Path) -> str:
    """Return the password of the demo's backups, made once: without it they cannot be read."""
    path = folder / "password"
    if not path.exists():
        _write_private(path, secrets.token_urlsafe(24))
    return path.read_text()


def _write_private(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
