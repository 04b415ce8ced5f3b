"""Makes text of others safe to show, by removing or escaping its control characters."""

from __future__ import annotations

import re

# Colours, cursor movements and titles, as terminals read them (ECMA-48).
_TERMINAL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def printable(text: str) -> str:
    r"""Return ``text`` without terminal sequences, and with other control characters as ``\x07`` or ``\r``.

    Line ends and tabs stay; a carriage return at the end of a line is removed.
    """
    text = _TERMINAL.sub("", text.replace("\r\n", "\n"))
    return _CONTROL.sub(lambda match: ascii(match[0])[1:-1], text)
