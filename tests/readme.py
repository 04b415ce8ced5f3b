"""The README as data: its fenced blocks, its tables, and the commands in its text."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")

_FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TABLE = re.compile(r"^\|.*\|\n\|(?:-+\|)+\n(?:\|.*\|\n)*", re.MULTILINE)
_COMMENT = re.compile(r"\s+#\s.*$", re.MULTILINE)
_COMMAND = re.compile(r"`(?:[A-Z_]+=\S+ )*((?:make|prefect|python|curl) [^`]+)`")


def blocks(language: str, text: str = TEXT) -> list[str]:
    """Return the fenced blocks of that language, without the comments in them."""
    return [_COMMENT.sub("", body) for found, body in _FENCED.findall(text) if found == language]


def block(start: str) -> str:
    """Return the one block of shell commands that starts so."""
    [found] = [each for each in blocks("sh") if each.startswith(start)]
    return found


def inline_commands() -> list[str]:
    """Return the commands that stand in running text, without variables before them."""
    return _COMMAND.findall(_FENCED.sub("", TEXT))


def table(heading: str) -> list[tuple[str, ...]]:
    """Return the rows of the one table whose first heading is ``heading``."""
    tables = [
        [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in found.splitlines()]
        for found in _TABLE.findall(TEXT)
    ]
    [wanted] = [rows for rows in tables if rows[0][0] == heading]
    return wanted[2:]


def code(text: str) -> list[str]:
    """Return what stands in backticks."""
    return re.findall(r"`([^`]+)`", text)
