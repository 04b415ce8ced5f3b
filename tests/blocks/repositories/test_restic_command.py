"""Tests of the restic command lines, without running them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocks.repositories import restic_command as command


def test_backup_is_tagged_and_stable_and_takes_paths_not_patterns() -> None:
    """Breaks increments (host), finding snapshots (tags), or excludes more than the file named."""
    argv = command.backup(
        [Path("/srv/data"), Path("/srv/staging")], [Path("/srv/data/a[1]*.db")], ["slipway"], "h"
    )
    assert argv == [
        "backup", "--json", "--host", "h", "--tag", "slipway",
        "--exclude", r"/srv/data/a\[1\]\*.db", "--", "/srv/data", "/srv/staging",
    ]  # fmt: skip


def test_backup_refuses_relative_paths() -> None:
    """Restic stores paths as given: a relative one could never be put back."""
    with pytest.raises(ValueError, match="not absolute"):
        command.backup([Path("data")], [], [], "h")


@given(st.text(min_size=1))
def test_literal_escapes_every_wild_card(name: str) -> None:
    """A wild card left bare would exclude files that nobody named."""
    pattern = command.literal(Path("/") / name.replace("/", "_"))
    bare = pattern.replace("\\\\", "")
    for wild in "*?[]":
        assert bare.count(wild) == bare.count(f"\\{wild}")


def test_the_other_commands() -> None:
    """A flag lost here changes what is checked, listed, restored or dropped."""
    assert command.init() == ["init"]
    assert command.unlock() == ["unlock"]
    assert command.check() == ["check"]
    assert command.check("5%") == ["check", "--read-data-subset", "5%"]
    assert command.snapshots(["a", "b=c"]) == ["snapshots", "--json", "--tag", "a,b=c"]
    assert command.entries("1a") == ["ls", "--json", "--", "1a"]
    assert command.read("1a", "/x") == ["dump", "--", "1a", "/x"]
    assert command.restore("1a", Path("/t"), sparse=False) == [
        *("restore", "--target", "/t", "--", "1a")
    ]
    assert "--sparse" in command.restore("1a", Path("/t"), sparse=True)
    assert command.forget(["1a", "2b"]) == ["forget", "--", "1a", "2b"]


def test_environment_carries_place_and_password_file_and_drops_foreign_settings() -> None:
    """The caller's own RESTIC_PASSWORD_COMMAND would win, and restic know the worker's secrets."""
    environment = command.environment(
        {
            "PATH": "/bin",
            "SSH_AUTH_SOCK": "/agent",
            "RESTIC_PASSWORD_COMMAND": "cat x",
            "PREFECT_API_AUTH_STRING": "admin:secret",
            "SLIPWAY_DATABASE_URL": "postgresql://u:secret@h/d",
            "AWS_SECRET_ACCESS_KEY": "of another account",
        },
        "rest:http://u:p@h/",
        "/dev/fd/7",
        {"AWS_ACCESS_KEY_ID": "k"},
        Path("/cache"),
    )
    assert environment == {
        "PATH": "/bin",
        "SSH_AUTH_SOCK": "/agent",
        "RESTIC_PROGRESS_FPS": "2",
        "RESTIC_CACHE_DIR": "/cache",
        "AWS_ACCESS_KEY_ID": "k",
        "RESTIC_REPOSITORY": "rest:http://u:p@h/",
        "RESTIC_PASSWORD_FILE": "/dev/fd/7",
    }


@pytest.mark.parametrize(
    ("location", "folder"),
    [
        ("/srv/r", Path("/srv/r")),
        ("local:/srv/r", Path("/srv/r")),
        ("s3:https://h/b", None),
        ("sftp:u@h:/r", None),
        ("rest:http://h/", None),
    ],
)
def test_local_folder(location: str, folder: Path | None) -> None:
    """A remote place taken for a folder would be created on this disk."""
    assert command.local_folder(location) == folder
