"""What was changed is named, and nothing else; secrets can be compared and not read."""

from __future__ import annotations

from pathlib import Path

import pytest

from blocks.project_spec import ProjectSpec, ServiceSpec
from tasks.launch.applied import (
    Differences,
    StartRecord,
    differences,
    project_record,
    recorded_variables,
    release_record,
    service_record,
)
from tasks.launch.seal import seal_key

KEY = b"k" * 32


def record(
    service: ServiceSpec | None = None,
    spec: ProjectSpec | None = None,
    variables: dict[str, str] | None = None,
    secrets: dict[str, str] | None = None,
    key: bytes = KEY,
) -> StartRecord:
    """Return what is recorded of that configuration."""
    project = spec or ProjectSpec(source="/shop")
    own = service_record(service or ServiceSpec(), variables or {}, secrets or {}, key)
    data = project_record(project.data)
    return {"release": release_record(project, key), "project": data, **own}


@pytest.mark.parametrize(
    ("today", "names", "needs_process"),
    [
        (record(), (), False),
        (record(ServiceSpec(command="serve")), ("command",), True),
        (record(ServiceSpec(health_path="/up")), ("health_path",), False),
        (record(ServiceSpec(replicas=9, drain_seconds=1, health_timeout_seconds=9)), (), False),
        (record(spec=ProjectSpec(source="/shop", version="2")), ("version",), False),
        (record(spec=ProjectSpec(source="/other", kind="node")), ("source", "kind"), False),
        (record(spec=ProjectSpec(source="/shop", data=["media"])), ("data",), True),
        (record(variables={"A": "1"}), ("variables.A",), True),
        (record(secrets={"KEY": "s"}), ("secrets.KEY",), True),
    ],
)
def test_what_was_changed_is_named(
    today: StartRecord, names: tuple[str, ...], needs_process: bool
) -> None:
    """Broken: a change is not applied, or processes are replaced for none."""
    changes = differences(record(), today)
    assert (changes.names, changes.needs_process) == (names, needs_process)


def test_what_was_not_recorded_counts_as_unchanged() -> None:
    """Broken: an update of Slipway restarts every service."""
    assert differences({}, record(variables={"A": "1"})) == Differences()
    assert differences({"service": {"command": ""}}, record()) == Differences()


def test_a_secret_is_told_from_another_only_with_the_key() -> None:
    """Broken: secrets can be guessed from the ledger, or a changed one is not noticed."""
    written = repr(record(secrets={"KEY": "hunter2"}, spec=ProjectSpec(source="https://token@x")))
    assert "hunter2" not in written
    assert "token" not in written
    same, other = record(secrets={"KEY": "hunter2"}), record(secrets={"KEY": "hunter2"}, key=b"x")
    assert same["secrets"] == record(secrets={"KEY": "hunter2"})["secrets"]
    assert same["secrets"] != other["secrets"]


ADDRESS = "postgres://shop:hunter2@db.example/{{ environment }}"


def test_an_address_with_a_password_is_recorded_as_a_secret_is() -> None:
    """Broken: the ledger shows the password, or a changed one is not noticed."""
    written = record(variables={"DATABASE": ADDRESS, "LEVEL": "info"})
    assert written["variables"] == {"LEVEL": "info"}
    assert "hunter2" not in repr(written)
    other = record(variables={"DATABASE": ADDRESS.replace("hunter2", "other"), "LEVEL": "info"})
    assert differences(written, other).names == ("secrets.DATABASE",)


def test_a_recorded_process_gets_its_own_variables_and_the_addresses_of_today() -> None:
    """Broken: a service comes back without its database, or with variables of a later version."""
    written = record(variables={"DATABASE": ADDRESS, "LEVEL": "info"})
    today = {"DATABASE": ADDRESS, "LEVEL": "debug", "NEW": "1"}
    assert recorded_variables(written, today) == {"DATABASE": ADDRESS, "LEVEL": "info"}
    assert recorded_variables({}, today) == today


def test_a_home_has_one_key_that_only_its_owner_reads(tmp_path: Path) -> None:
    """Broken: every launch finds every secret changed, or anybody reads the key."""
    key = seal_key(tmp_path / "home")
    assert seal_key(tmp_path / "home") == key
    (file,) = (tmp_path / "home").iterdir()
    assert (file.stat().st_mode & 0o077, len(key)) == (0, 32)
    assert seal_key(tmp_path / "other") != key
