"""Tests of the password of the API."""

from __future__ import annotations

import base64
from pathlib import Path

from stack.auth import auth_header, ensure_auth, read_auth


def test_is_made_once_and_closed_to_others(tmp_path: Path) -> None:
    """A second start would lock out everyone who noted the password, or others could read it."""
    file = tmp_path / "auth"
    auth = ensure_auth(file)
    assert ensure_auth(file) == auth == read_auth(file)
    assert file.stat().st_mode & 0o777 == 0o600
    user, _, password = auth.partition(":")
    assert (user, len(password) >= 32) == ("admin", True)


def test_a_file_opened_to_others_is_closed_again(tmp_path: Path) -> None:
    """A password that a careless copy made readable would stay so."""
    file = tmp_path / "auth"
    ensure_auth(file)
    file.chmod(0o644)
    ensure_auth(file)
    assert file.stat().st_mode & 0o777 == 0o600


def test_two_homes_have_two_passwords(tmp_path: Path) -> None:
    """A constant password protects nothing."""
    assert ensure_auth(tmp_path / "a") != ensure_auth(tmp_path / "b")


def test_header_is_basic_authentication() -> None:
    """Prefect would refuse every call."""
    header = auth_header("admin:secret")["Authorization"]
    assert base64.b64decode(header.removeprefix("Basic ")) == b"admin:secret"
    assert auth_header("") == {}


def test_no_file_means_no_password(tmp_path: Path) -> None:
    """A stack without a password could not be called."""
    assert not read_auth(tmp_path / "auth")
