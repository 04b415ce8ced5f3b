"""The errors a user can meet: what, which value, and what to do about it."""

from __future__ import annotations


class SlipwayError(Exception):
    """The one base of everything Slipway raises on purpose."""


class BadInputError(SlipwayError):
    """A value that cannot be used; raised before anything is started.

    Attributes:
        field: Where the value stands, dotted, e.g. ``workloads.tests.steps.build.needs``.
        value: The value as it was given.
        remedy: What to write instead.
    """

    def __init__(self, field: str, value: object, problem: str, remedy: str) -> None:
        self.field, self.value, self.remedy = field, value, remedy
        super().__init__(f"{field}: {problem} (got {value!r}). {remedy}")


class MissingProgramError(SlipwayError):
    """A program this operation needs is not installed."""

    def __init__(self, program: str, install: str) -> None:
        self.program, self.install = program, install
        super().__init__(f"{program} is not installed. Install it with: {install}")


class NotFoundError(BadInputError):
    """A name that nothing bears."""

    def __init__(self, field: str, value: str, known: list[str], remedy: str) -> None:
        self.known = sorted(known)
        names = ", ".join(self.known) or "none"
        super().__init__(field, value, f"unknown; known are: {names}", remedy)


class StaleFenceError(SlipwayError):
    """A writer whose claim was taken over by another; what it writes is refused."""


class BusyError(SlipwayError):
    """Another live run holds what this one needs."""
