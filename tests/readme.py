"""The README and the pages of docs/ as data: their fenced blocks, tables, commands and links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]

_FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TABLE = re.compile(r"^\|.*\|\n\|(?: ?:?-+:? ?\|)+\n(?:\|.*\|\n)*", re.MULTILINE)
_COMMENT = re.compile(r"\s+#\s.*$", re.MULTILINE)
_COMMAND = re.compile(r"`(?:[A-Z_]+=\S+ )*((?:make|prefect|python|curl) [^`]+)`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)

Rows = list[tuple[str, ...]]


@dataclass(frozen=True)
class Document:
    """One Markdown file."""

    path: Path

    @property
    def text(self) -> str:
        """All of it."""
        return self.path.read_text(encoding="utf-8")

    @property
    def prose(self) -> str:
        """Return what stands outside of fenced blocks."""
        return _FENCED.sub("", self.text)

    def blocks(self, language: str) -> list[str]:
        """Return the fenced blocks of that language, without the comments in them."""
        fenced = _FENCED.findall(self.text)
        return [_COMMENT.sub("", body) for found, body in fenced if found == language]

    def block(self, start: str) -> str:
        """Return the one block of shell commands that starts so."""
        [wanted] = [each for each in self.blocks("sh") if each.startswith(start)]
        return wanted

    def inline_commands(self) -> list[str]:
        """Return the commands that stand in running text, without variables before them."""
        return _COMMAND.findall(self.prose)

    def tables(self) -> list[Rows]:
        """Return all tables, each with its headings as the first row."""
        return [
            [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]
            for lines in (found.splitlines() for found in _TABLE.findall(self.prose))
        ]

    def table(self, heading: str) -> Rows:
        """Return the rows of the one table whose first heading is ``heading``."""
        [wanted] = [rows for rows in self.tables() if rows[0][0] == heading]
        return wanted[2:]

    def table_below(self, title: str) -> Rows:
        """Return the rows of the first table below the heading ``title``."""
        _, found, below = self.text.partition(f" {title}\n")
        assert found, f"{self.path.name} has no heading {title!r}"
        lines = _TABLE.findall(below)[0].splitlines()[2:]
        return [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]

    def links(self) -> list[str]:
        """Return the targets of all links that lead to a place in this repository."""
        return [each for each in _LINK.findall(self.prose) if "://" not in each]

    def anchors(self) -> set[str]:
        """Return the anchors of the headings, as GitHub and most renderers make them."""
        return {_anchor(title) for title in _HEADING.findall(self.prose)}


def _anchor(title: str) -> str:
    """Return the anchor of one heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def document(name: str) -> Document:
    """Return the page ``name`` of docs/, e.g. ``operations``."""
    return Document(ROOT / "docs" / f"{name}.md")


README = Document(ROOT / "README.md")


def documents() -> list[Document]:
    """Return the README and every page of docs/."""
    return [README, *(Document(path) for path in sorted((ROOT / "docs").glob("**/*.md")))]


def code(text: str) -> list[str]:
    """Return what stands in backticks."""
    return re.findall(r"`([^`]+)`", text)
