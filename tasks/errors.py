"""The errors that users can meet, with the problem, the value and the remedy."""

from __future__ import annotations

import re
from difflib import get_close_matches
from reprlib import Repr

from blocks.errors import MissingProgramError, SlipwayError
from blocks.redaction import without_evident_secrets

__all__ = [
    "BadInputError",
    "BusyError",
    "MissingProgramError",
    "NotFoundError",
    "SlipwayError",
    "StaleFenceError",
    "shortened",
    "shown",
]

_NAMES_LISTED = 12
_MAX_VALUE_LENGTH = 200
_MAX_PART_LENGTH = 2000
_SHOWN = Repr()
_SHOWN.maxstring = _SHOWN.maxother = _MAX_VALUE_LENGTH
_BLANKS = re.compile(r"(?<=\S) {2,}(?=\S)")


def shortened(text: str, most: int) -> str:
    """Return ``text``, its middle left out if it has more than ``most`` characters."""
    half = most // 2
    return text if len(text) <= most else f"{text[:half]}...{text[-half:]}"


def shown(value: object) -> str:
    """Return ``value`` as a message quotes it, shortened."""
    return shortened(_SHOWN.repr(value), _MAX_VALUE_LENGTH + 2)


class BadInputError(SlipwayError):
    """A value that cannot be used; raised before anything is started.

    Attributes:
        field: The path of the value, dotted, e.g. ``workloads.tests.steps.build.needs``.
        value: The value as it was given.
        problem: What is wrong with it.
        remedy: What to write instead.
        parts: Field, value and remedy as they are shown, without evident secrets.
    """

    def __init__(self, field: str, value: object, problem: str, remedy: str) -> None:
        self.field, self.value, self.problem = field, value, problem
        self.remedy = remedy if remedy.endswith((".", "?", "!")) else f"{remedy}."
        # Masked before it is shortened, as a part of an address would not be recognised.
        masked = shown(without_evident_secrets(value) if isinstance(value, str) else value)
        texts = (field, problem, self.remedy)
        where, what, how = (
            shortened(_BLANKS.sub(" ", without_evident_secrets(part)), _MAX_PART_LENGTH)
            for part in texts
        )
        self.parts = {"field": where, "value": masked, "remedy": how}
        super().__init__(f"{where}: {what} (got {masked}). {how}")

    def below(self, prefix: str) -> BadInputError:
        """Return the same error for the field below ``prefix``."""
        return BadInputError(f"{prefix}.{self.field}", self.value, self.problem, self.remedy)


class NotFoundError(BadInputError):
    """A name that does not exist."""

    def __init__(self, field: str, value: str, known: list[str], remedy: str) -> None:
        self.known = sorted(known)
        close = get_close_matches(value, self.known, n=1)
        meant = f"did you mean {close[0]!r}? " if close else ""
        names = ", ".join(self.known[:_NAMES_LISTED]) or "none"
        more = f" and {len(self.known) - _NAMES_LISTED} more" if self.known[_NAMES_LISTED:] else ""
        super().__init__(field, value, f"unknown; {meant}known are: {names}{more}", remedy)


class StaleFenceError(SlipwayError):
    """A write was refused, as the writer's claim was taken over by another."""


class BusyError(SlipwayError):
    """Another live run holds what this one needs."""
