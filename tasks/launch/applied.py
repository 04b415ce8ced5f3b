"""The configuration an instance was started with, and how it differs from today's; pure.

It is recorded with the instance, so that a launch can apply what was changed and the reconciler
can bring back what was live. Of secrets, of variables with a password in an address, and of the
source (its URL may hold a token), only a keyed hash is recorded: it shows whoever has the key that a
value has changed.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from blocks.project_spec import ProjectSpec, ServiceSpec
from blocks.redaction import without_evident_secrets

StartRecord = Mapping[str, Any]

LAZY_KEYS = frozenset({"replicas", "health_timeout_seconds", "drain_seconds"})
"""Keys of a service that no process needs at its start."""
IN_PLACE_KEYS = frozenset({"health_path", "port"})
"""Keys of a service that apply to a process that runs."""
_SEAL_CHARACTERS = 32


@dataclass(frozen=True, slots=True)
class Differences:
    """What was changed since an instance was started, by the names of the keys."""

    release: tuple[str, ...] = ()
    service: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All changed keys; those that need another release come first."""
        return (*self.release, *self.service)

    @property
    def needs_process(self) -> bool:
        """Whether a running process cannot apply them, so that a new one is needed."""
        return bool(set(self.service) - IN_PLACE_KEYS)


def release_record(spec: ProjectSpec, key: bytes) -> dict[str, Any]:
    """Return the configuration that decides which release of a project is built."""
    return {
        "source": _sealed(key, "source", spec.source),
        "version": spec.version,
        "kind": spec.kind,
        "requirements": list(spec.requirements),
    }


def project_record(data: Sequence[str]) -> dict[str, Any]:
    """Return the configuration of the project that decides where a process finds its files.

    ``data`` are the paths inside the project's own folder that are carried over.
    """
    return {"data": list(data)}


def service_record(
    service: ServiceSpec, variables: Mapping[str, str], secrets: Mapping[str, str], key: bytes
) -> dict[str, Any]:
    """Return the configuration that a process of ``service`` is started with.

    Variables with a password in an address are recorded as secrets are.
    """
    in_clear = {
        name: text for name, text in variables.items() if without_evident_secrets(text) == text
    }
    sealed = {name: text for name, text in variables.items() if name not in in_clear} | dict(
        secrets
    )
    return {
        "service": service.model_dump(mode="json"),
        "variables": in_clear,
        "secrets": {name: _sealed(key, name, value) for name, value in sealed.items()},
    }


def recorded_variables(recorded: StartRecord, today: Mapping[str, str]) -> Mapping[str, str]:
    """Return the variables of ``recorded``; those of which it holds a hash are as they are today.

    Where nothing is recorded, all are.
    """
    hidden = recorded.get("secrets", {})
    known = {name: text for name, text in today.items() if name in hidden}
    return known | dict(recorded.get("variables", today))


def differences(recorded: StartRecord, today: StartRecord) -> Differences:
    """Return the keys that differ; a key that was not recorded counts as unchanged."""
    service = _changed(recorded, today, "service")
    return Differences(
        release=release_differences(recorded, today),
        service=(
            *(name for name in service if name not in LAZY_KEYS),
            *_changed(recorded, today, "project"),
            *(f"variables.{name}" for name in _unequal(recorded, today, "variables")),
            *(f"secrets.{name}" for name in _unequal(recorded, today, "secrets")),
        ),
    )


def release_differences(recorded: StartRecord, today: StartRecord) -> tuple[str, ...]:
    """Return the keys that differ among those that decide which release is built."""
    return _changed(recorded, today, "release")


def _changed(recorded: StartRecord, today: StartRecord, part: str) -> tuple[str, ...]:
    """Return the changed keys of a part that both have; another version of Slipway may add keys."""
    before, now = recorded.get(part, {}), today.get(part, {})
    return tuple(name for name in now if name in before and before[name] != now[name])


def _unequal(recorded: StartRecord, today: StartRecord, part: str) -> tuple[str, ...]:
    """Return the names of a part whose values differ, or that only one of them has."""
    if part not in recorded or part not in today:
        return ()
    before, now = recorded[part], today[part]
    return tuple(sorted(name for name in {*before, *now} if before.get(name) != now.get(name)))


def _sealed(key: bytes, name: str, value: str) -> str:
    """Return a hash of ``value`` that cannot be guessed without ``key``."""
    digest = hmac.new(key, os.fsencode(f"{name}\0{value}"), hashlib.sha256).hexdigest()
    return digest[:_SEAL_CHARACTERS]
