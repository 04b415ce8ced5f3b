"""Why a build tool failed, out of all that it said; pure.

What stands last is rarely it: npm ends with the path of a log, a compiler with a summary, and a
stack trace with lines that only its author can use.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tasks.errors import printable

_SAYS_WHY = re.compile(
    r"(?i)\berror\b|\w(Error|Exception)\b|ERR!|ERR_|^\s*E: |\bfatal\b|\bfailed\b|\bcannot\b"
    r"|\bcan't\b|could not|not found|no such|no solution|unsatisfiable|because |conflict|denied"
    r"|forbidden|mismatch|needs to be updated|changed significantly|doesn't match|missing"
    r"|^hint:|^\s*[\u00d7╰├]|YN00(?!00)\d\d"
)
_SAYS_NOTHING = re.compile(
    r"(?i)a complete log of this run|npm (?:err!|error)\s*$|npm (?:err!|error) (path|command|errno)\b"
    r"|verbose |^\s*at .*[(:]\d+[:)]|^\s*at .*node:internal|^node\.js v\d|debug log|^warning|npm warn|\u2502 *[+-]"
)
_TRACE = re.compile(r"^\s*Traceback \(most recent call last\):")
_MOST_LINES = 12
_LAST_LINES = 4
_LONGEST_LINE = 300


def reason(output: str) -> str:
    """Return the lines of ``output`` that say why it failed, the first ones where they are many.

    Of a Python stack trace it is the last line. Where no line says why, it is the last lines.
    """
    lines = [line.rstrip() for line in printable(output).splitlines() if line.strip()]
    telling = [line for line in _without_traces(lines) if _tells(line)]
    first = telling[:_MOST_LINES] or lines[-_MOST_LINES:]
    last = [line for line in lines[-_LAST_LINES:] if _tells(line)]  # a tool that sums up does so
    return "\n".join(_cut(line) for line in dict.fromkeys([*first, *last]))


def _tells(line: str) -> bool:
    return bool(_SAYS_WHY.search(line)) and not _SAYS_NOTHING.search(line)


def _without_traces(lines: list[str]) -> Iterator[str]:
    """Yield ``lines``, of each stack trace of Python only what it ends with."""
    depth = -1
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if _TRACE.match(line):
            depth = indent
        elif depth < 0 or indent <= depth:
            depth = -1
            yield line


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}..."
