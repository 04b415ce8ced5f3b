"""What a failure said, fit to be passed on: one line, without anything that may be secret.

Reports leave the machine. A secret that Slipway knows was taken out of the message when it was
recorded; a message of somebody else's flow may hold others, so whatever looks like one is left out.
"""

from __future__ import annotations

import re

LONGEST = 160
HIDDEN = "…"

_SECRETS = (
    # What stands before the host of an address: name and password.
    (re.compile(r"(?<=://)[^/\s@]+@"), f"{HIDDEN}@"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{6,}"), rf"\1 {HIDDEN}"),
    (
        re.compile(
            r"""(?ix)\b([\w-]*(?:passw(?:or)?d|passphrase|pwd|secret|token|api_?-?key|access_?key
            |credentials?|auth(?:orization)?)(?:[_-]\w+)?)\b(["']?\s*[=:]\s*)
            (?:"[^"]*"|'[^']*'|[^\s,;&)]+)"""
        ),
        rf"\1\2{HIDDEN}",
    ),
    # Long runs of letters and digits both: keys, digests, signed tokens.
    (re.compile(r"(?=[A-Za-z+=-]*\d)(?=[\d+=-]*[A-Za-z])[A-Za-z0-9+=-]{24,}"), HIDDEN),
)
_LIKENESS = (
    (re.compile(r"0x[0-9a-fA-F]+"), "N"),
    (re.compile(r"\b[0-9a-f]{7,}\b"), "N"),
    (re.compile(r"\d+(?:\.\d+)?"), "N"),
)


def cause(text: str) -> str:
    """Return the first line of ``text`` that says anything, without secrets and not too long."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    # A very long line is not searched to its end.
    line = line[: 10 * LONGEST]
    for pattern, instead in _SECRETS:
        line = pattern.sub(instead, line)
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def likeness(said: str) -> str:
    """Return what all causes of one kind have in common: numbers and ids are taken for alike."""
    for pattern, instead in _LIKENESS:
        said = pattern.sub(instead, said)
    return said
