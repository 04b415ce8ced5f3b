"""The errors a user can meet: what, which value, and what to do about it."""

from __future__ import annotations

from difflib import get_close_matches
from reprlib import Repr

from blocks.redaction import without_passwords

_NAMED = 12
_SHOWN = Repr()
_SHOWN.maxstring = _SHOWN.maxother = 200


class SlipwayError(Exception):
    """The one base of everything Slipway raises on purpose.

    No message shows the password of an address, whoever wrote it there.
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(without_passwords(message))


class BadInputError(SlipwayError):
    """A value that cannot be used; raised before anything is started.

    Attributes:
        field: Where the value stands, dotted, e.g. ``workloads.tests.steps.build.needs``.
        value: The value as it was given.
        problem: What is wrong with it.
        remedy: What to write instead.
    """

    def __init__(self, field: str, value: object, problem: str, remedy: str) -> None:
        self.field, self.value, self.problem = field, value, problem
        self.remedy = remedy if remedy.endswith((".", "?", "!")) else f"{remedy}."
        # Masked before it is shortened: what a cut leaves of an address is none any more.
        shown = without_passwords(value) if isinstance(value, str) else value
        super().__init__(f"{field}: {problem} (got {_SHOWN.repr(shown)}). {self.remedy}")

    def below(self, prefix: str) -> BadInputError:
        """Return the same of a field that stands below ``prefix``."""
        return BadInputError(f"{prefix}.{self.field}", self.value, self.problem, self.remedy)


class MissingProgramError(SlipwayError):
    """A program this operation needs is not installed."""

    def __init__(self, program: str, install: str) -> None:
        self.program, self.install = program, install
        super().__init__(f"{program} is not installed. Install it with: {install}")


class NotFoundError(BadInputError):
    """A name that nothing bears."""

    def __init__(self, field: str, value: str, known: list[str], remedy: str) -> None:
        self.known = sorted(known)
        close = get_close_matches(value, self.known, n=1)
        meant = f"did you mean {close[0]!r}? " if close else ""
        names = ", ".join(self.known[:_NAMED]) or "none"
        more = f" and {len(self.known) - _NAMED} more" if self.known[_NAMED:] else ""
        super().__init__(field, value, f"unknown; {meant}known are: {names}{more}", remedy)


class StaleFenceError(SlipwayError):
    """A writer whose claim was taken over by another; what it writes is refused."""


class BusyError(SlipwayError):
    """Another live run holds what this one needs."""
