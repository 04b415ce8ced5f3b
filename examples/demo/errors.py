"""The errors on which the demo stops."""

from __future__ import annotations

from tasks.errors import SlipwayError


class DemoError(SlipwayError):
    """A condition did not hold; the message says which."""


class PartError(DemoError):
    """A part of the demo failed; its row in the table says why."""
