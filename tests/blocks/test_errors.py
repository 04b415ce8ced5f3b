"""Tests of the root of all errors."""

from __future__ import annotations

import pytest

from blocks.errors import MissingProgramError, SlipwayError
from blocks.providers.process.run_directory import UnreadableRecordError
from blocks.providers.process.shim_spec import ShimError
from blocks.repositories.errors import RepositoryError
from blocks.routers.interface import RouterError


def test_no_message_shows_a_password_or_moves_a_cursor() -> None:
    """Broken: the state of a run shows the password of an address, or clears a terminal."""
    error = SlipwayError("cannot read postgres://me:hunter22@db/shop\x1b[2J")
    assert str(error) == "cannot read postgres://me:***@db/shop"


def test_a_missing_program_is_named_with_the_command_that_installs_it() -> None:
    """Broken: the user learns that something is not there, and not how to get it."""
    error = MissingProgramError("git", "apt-get install git")
    assert str(error) == "git is not installed. Install it with: apt-get install git"


@pytest.mark.parametrize("kind", [RepositoryError, RouterError, ShimError, UnreadableRecordError])
def test_every_error_on_purpose_has_the_same_root(kind: type[Exception]) -> None:
    """Broken: a flow ends with a stack trace over what was foreseen."""
    assert issubclass(kind, SlipwayError)
