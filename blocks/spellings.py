"""Patterns for the spellings of a secret in a text: plain, escaped, quoted, in base64, in hex.

Most texts hold no secret, so each spelling first looks for a substring that no escaping changes,
which is as fast as Python can search.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from html.entities import codepoint2name

_PLAIN = re.compile(r"[A-Za-z0-9]+")
_MAX_SPELLING_LENGTH = 24
"""The most characters that one character of a secret becomes, e.g. two escaped surrogates."""

_NAMED = {"\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f", "\v": "v", "\0": "0"}
_BROKEN = r"(?:\\+[rn]|\s)*"
"""What may occur inside long base64: line breaks, also escaped ones."""

_ANCHOR_LENGTH = 12
_ANCHOR_COUNT = 4
_MIN_LINE_LENGTH = 57
"""The shortest line length at which tools break base64 into lines."""


@dataclass(frozen=True)
class Spelling:
    """One way to write a secret; every match contains one of ``anchors``, if there are any.

    ``pattern`` is a regular expression, compiled once a text holds an anchor: few ever do.
    """

    pattern: str
    anchors: tuple[str, ...]
    reach: int

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.pattern)

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield the spans of its matches in ``text``."""
        if not self.anchors or any(anchor in text for anchor in self.anchors):
            for match in self._compiled.finditer(text):
                yield match.span()


def spellings(secret: str) -> Iterator[Spelling]:
    """Yield every spelling of ``secret``, which is not empty."""
    yield _escaped(secret)
    encoded = secret.encode(errors="surrogatepass")
    for core in sorted(set(_base64_cores(encoded))):
        yield _run(core, r"[A-Za-z0-9+/_-]?", r"[A-Za-z0-9+/_-]?=*")
    for code in {encoded.hex(), encoded.hex().upper()}:
        yield _run(code, "", "")
    for mark in (" ", ":", r"\x"):
        spaced = mark.join(f"{byte:02x}" for byte in encoded)
        yield Spelling(f"(?i){re.escape(spaced)}", (), len(spaced))


def _escaped(secret: str) -> Spelling:
    """Return a spelling with each character plain, or escaped as in JSON, Python, URLs or HTML."""
    pattern = "".join(map(_spelt, secret))
    plain = max(_PLAIN.findall(secret), key=len, default="")
    return Spelling(pattern, (plain,) if plain else (), _MAX_SPELLING_LENGTH * len(secret))


def _spelt(character: str) -> str:
    """Return the pattern of one character in all its escapes; letters and digits have none."""
    if _PLAIN.fullmatch(character):
        return character
    code, encoded = ord(character), character.encode(errors="surrogatepass")
    words = character.encode("utf-16-be", errors="surrogatepass")
    units = [int.from_bytes(words[at : at + 2], "big") for at in range(0, len(words), 2)]
    ways = [
        "(?i:" + "".join(f"%(?:25)?{byte:02x}" for byte in encoded) + ")",
        "(?i:" + "".join(rf"\\+u{unit:04x}" for unit in units) + ")",
        "(?i:" + "".join(rf"\\+x{byte:02x}" for byte in encoded) + ")",
        "".join(rf"\\+{byte:03o}" for byte in encoded),
        rf"(?i:\\+u\{{0*{code:x}\}}|\\+U{code:08x}|&(?:amp;)?\#0*{code};|&(?:amp;)?\#x0*{code:x};)",
    ]
    if code < 256:  # noqa: PLR2004 - what Python writes as \xNN
        ways.append(rf"(?i:\\+x{code:02x})")
    if name := codepoint2name.get(code) or {39: "apos"}.get(code):
        ways.append(f"&(?:amp;)?{name};")
    ways += _shortest_ways(character)
    return "(?:" + "|".join(ways) + ")"


def _shortest_ways(character: str) -> list[str]:
    """Return a character's own escapes, longest first, and finally the character itself."""
    if character == "\\":
        return [r"\\{1,8}"]
    if character == "\n":
        return [r"(?:\\+r)?\\+n", r"(?i:%0d%0a)", r"\r?\n"]
    if character == " ":
        return [r"\\*[ ]", r"\+"]
    if character in _NAMED:
        return [rf"\\+{_NAMED[character]}", re.escape(character)]
    ways = [rf"\\*{re.escape(character)}"]
    if character in "'\"":
        # A shell ends its quotes for one, SQL and CSV double it.
        ways = [r"'\\+''", r"""'"'"'""", rf"{character}{character}", *ways]
    return ways


def _base64_cores(encoded: bytes) -> Iterator[str]:
    """Yield the parts of its base64 that do not depend on what precedes and follows it."""
    for shift in range(3):
        text = base64.b64encode(bytes(shift) + encoded).decode()
        core = text[-(-8 * shift // 6) : 8 * (shift + len(encoded)) // 6]
        yield core
        yield core.replace("+", "-").replace("/", "_")


def _run(code: str, before: str, after: str) -> Spelling:
    """Return a spelling of one run of characters, which tools may have broken into lines."""
    anchors = tuple(
        code[at : at + _ANCHOR_LENGTH]
        for at in range(0, _ANCHOR_LENGTH * _ANCHOR_COUNT, _ANCHOR_LENGTH)
    )
    if len(code) < _MIN_LINE_LENGTH:
        return Spelling(before + re.escape(code) + after, (code,), len(code) + 4)
    pattern = before + _BROKEN.join(map(re.escape, code)) + after
    return Spelling(pattern, anchors, 2 * len(code))
