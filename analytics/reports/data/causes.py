"""What a failure said, fit to be passed on: one line, without anything that may be secret.

Reports leave the machine. A secret that Slipway knows was taken out of the message when it was
recorded; a message of somebody else's flow may hold others, so whatever looks like one is left out.
"""

from __future__ import annotations

import re

from blocks.redaction import without_suspects

LONGEST_CAUSE = 160
_VARIABLE_PARTS = (
    (re.compile(r"0x[0-9a-fA-F]+"), "N"),
    (re.compile(r"\b[0-9a-f]{7,}\b"), "N"),
    (re.compile(r"\d+(?:\.\d+)?"), "N"),
)


def cause(text: str) -> str:
    """Return the first line of ``text`` that says anything, without secrets and not too long."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    # A very long line is not searched to its end.
    line = line[: 10 * LONGEST_CAUSE]
    line = without_suspects(line)
    return line if len(line) <= LONGEST_CAUSE else f"{line[: LONGEST_CAUSE - 1]}…"


def cause_kind(text: str) -> str:
    """Return what all causes of one kind have in common: numbers and ids are taken for alike."""
    for pattern, placeholder in _VARIABLE_PARTS:
        text = pattern.sub(placeholder, text)
    return text
