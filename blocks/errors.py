"""The root of all errors that Slipway raises on purpose, and one that any layer can meet."""

from __future__ import annotations

from blocks.printable import printable
from blocks.redaction import without_evident_secrets


class SlipwayError(Exception):
    """The base class of all errors that Slipway raises on purpose.

    Passwords of addresses and control characters are removed from every message.
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(printable(without_evident_secrets(message)))


class MissingProgramError(SlipwayError):
    """A program this operation needs is not installed."""

    def __init__(self, program: str, install: str) -> None:
        self.program, self.install = program, install
        super().__init__(f"{program} is not installed. Install it with: {install}")
