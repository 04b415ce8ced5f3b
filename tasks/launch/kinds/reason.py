"""The reason why a build tool failed, found in its output; pure.

The last lines are rarely the reason: npm ends with the path of a log, a compiler with a summary,
and a stack trace with lines that only its author can use.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from blocks.printable import printable

_SAYS_WHY = re.compile(
    r"(?i)\berror\b|\w(Error|Exception)\b|ERR!|ERR_|^\s*E: |\bfatal\b|\bfailed\b|\bcannot\b"
    r"|\bcan't\b|could not|unable to|not found|no such|(does not|doesn't) exist|no solution"
    r"|unsatisfiable|because |conflict|denied"
    r"|forbidden|mismatch|needs to be updated|changed significantly|doesn't match|missing"
    r"|^hint:|^\s*[\u00d7╰├]|YN00(?!00)\d\d"
)
_SAYS_NOTHING = re.compile(
    r"(?i)verbose |^\s*at .*[(:]\d+[:)]|^\s*at .*node:internal|^node\.js v\d|debug log|^warning"
    r"|npm warn|\u2502 *[+-]"
)
_SUMS_UP = re.compile(
    r"(?i)a complete log of this run|npm (?:err!|error)\s*$|ELIFECYCLE"
    r"|npm (?:err!|error) (path|command|errno|workspace|location|lifecycle script|exit status)\b"
    r"|npm (?:err!|error) code \d+$|\berror command failed with exit code"
)
"""What a package manager writes about any script that failed."""
_TRACE = re.compile(r"^\s*Traceback \(most recent call last\):")
_QUOTES = {"[stdout]", "[stderr]"}
_MAX_LINES = 12
_LAST_LINES = 4
_LINE_CHARACTERS = 300


def reason(output: str, stderr: str = "") -> str:
    """Return the lines that say why it failed, the first ones where they are many.

    Of a Python stack trace only the last line counts. Where no line says why, the last lines are
    returned; where only ``output`` has a reason, the last lines of ``stderr`` follow it.
    """
    stderr_lines = _lines(stderr)
    lines = [*_lines(output), *stderr_lines]
    own_lines = list(_without_traces(lines))
    telling = [line for line in own_lines if _tells(line)]
    first = telling[:_MAX_LINES] or lines[-_MAX_LINES:]
    last = [line for line in lines[-_LAST_LINES:] if _tells(line)]  # some tools end with a summary
    if not any(map(_tells, stderr_lines)):
        last = stderr_lines[-_LAST_LINES:]
    return "\n".join(_cut(line) for line in dict.fromkeys([*first, *_quoted(own_lines), *last]))


def _quoted(lines: list[str]) -> list[str]:
    """Return the last lines of the build output that uv quotes: of its stderr, else of its stdout.

    A build script that fails by itself may say why in any words.
    """
    ends: list[str] = []
    quoted: list[str] | None = None
    for line in (*lines, "hint:"):
        if line.strip() in _QUOTES or line.lstrip().startswith("hint:"):
            ends = ends if quoted is None else quoted[-_LAST_LINES:]
            quoted = [] if line.strip() in _QUOTES else None
        elif quoted is not None:
            quoted.append(line)
    return ends


def _lines(text: str) -> list[str]:
    """Return the lines of ``text`` without blank ones and the summaries of package managers."""
    lines = [line.rstrip() for line in printable(text).splitlines() if line.strip()]
    return [line for line in lines if not _SUMS_UP.search(line)] or lines


def _tells(line: str) -> bool:
    return bool(_SAYS_WHY.search(line)) and not _SAYS_NOTHING.search(line)


def _without_traces(lines: list[str]) -> Iterator[str]:
    """Yield ``lines``, but only the last line of each Python stack trace."""
    depth = -1
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if _TRACE.match(line):
            depth = indent
        elif depth < 0 or indent <= depth:
            depth = -1
            yield line


def _cut(line: str) -> str:
    return line if len(line) <= _LINE_CHARACTERS else f"{line[:_LINE_CHARACTERS]}..."
