"""The causes of failures, shortened to one line and redacted for reports.

Reports leave the machine. Secrets that Slipway knows were removed when a message was recorded, but
a message of another flow may contain more, so everything that looks like a secret is removed.
"""

from __future__ import annotations

import re

from blocks.redaction import without_suspects

# In characters.
MAX_CAUSE_LENGTH = 160
_VARIABLE_PARTS = (
    (re.compile(r"0x[0-9a-fA-F]+"), "N"),
    (re.compile(r"\b[0-9a-f]{7,}\b"), "N"),
    (re.compile(r"\d+(?:\.\d+)?"), "N"),
)


def cause(text: str) -> str:
    """Return the first line of ``text`` that is not empty, without secrets and shortened."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    # A very long line is not searched to its end.
    line = line[: 10 * MAX_CAUSE_LENGTH]
    line = without_suspects(line)
    return line if len(line) <= MAX_CAUSE_LENGTH else f"{line[: MAX_CAUSE_LENGTH - 1]}…"


def cause_kind(text: str) -> str:
    """Return a cause with numbers and ids replaced, so that causes of one kind are equal."""
    for pattern, placeholder in _VARIABLE_PARTS:
        text = pattern.sub(placeholder, text)
    return text
