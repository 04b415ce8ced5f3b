"""Redacts secrets in texts: known ones in every usual spelling, passwords in addresses, and tokens.

Every text that is shown or kept (logs, states, artifacts, the ledger, reports) is redacted before
it is cut, as a part of a secret would no longer be recognised. Free of Prefect.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from pydantic import JsonValue

from blocks.printable import printable
from blocks.spellings import Spelling, spellings

MASK = "***"
MIN_SECRET_LENGTH = 4
"""Shorter secrets occur everywhere by chance; hiding them would garble every log."""

_LOG_BYTES = 65_536
# After `://`, or `:/` where an address was taken for a path: a user, a colon, and a password, which
# may hold `@`, `/` and `:` itself. A number that a slash follows is a port. The lengths are bounded,
# so that no text takes long.
_PASSWORD = re.compile(
    r"(?:(?<=://)|(?<=\w:/))([^\s/:@\"'`<>\[\]]{0,256}):(?!\d{1,5}[/?#])[^\s\"'`<>]{1,1024}(?=@)"
)
# Over HTTP the user alone is often the token.
_HTTP_USER = re.compile(r"(?i)(?<=http://)[^\s/@\"'`<>]+@|(?<=https://)[^\s/@\"'`<>]+@")
_QUERY_SECRET = re.compile(
    r"(?i)([?&][\w.-]{0,64}(?:token|secret|passw(?:or)?d|pwd?|auth|key|sig(?:nature)?)=)"
    r"[^\s&#\"'`<>]+"
)
_TOKEN = re.compile(
    r"\b(?:gh[oprsu]_[A-Za-z0-9]{36,}|github_pat_\w{22,}|glpat-[\w-]{20,}|npm_[A-Za-z0-9]{36}"
    r"|pypi-AgE[\w-]{40,}|xox[abeoprs]-[\w-]{10,}|sk-(?=[\w-]*\d)[\w-]{20,}|A[KS]IA[A-Z0-9]{16}"
    r"|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]+)"
)
"""Tokens that show what they are: of GitHub, GitLab, npm, PyPI, Slack, OpenAI and the like, AWS; JWT."""
_SECRET_PATTERNS = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{6,}"), rf"\1 {MASK}"),
    (
        re.compile(
            r"""(?ix)\b([\w-]*(?:passw(?:or)?d|passphrase|pwd|secret|token|api_?-?key|access_?key
            |credentials?|auth(?:orization)?)(?:[_-]\w+)?)\b(["']?\s*[=:]\s*)
            (?:"[^"]*"|'[^']*'|[^\s,;&)]+)"""
        ),
        rf"\1\2{MASK}",
    ),
    # Long runs of letters and digits both: keys, digests, signed tokens.
    (re.compile(r"(?=[A-Za-z+=-]*\d)(?=[\d+=-]*[A-Za-z])[A-Za-z0-9+=-]{24,}"), MASK),
)


class Redactor:
    """Replaces a set of secrets by ``***``; `redactor_of` builds one for each set.

    In a secret of several lines each line of at least four characters counts as a secret, too.
    ``reach`` is the length of the longest possible spelling of any of them.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        parts = {part for secret in secrets for part in _parts(secret)}
        self._spellings: tuple[Spelling, ...] = tuple(
            spelling for part in sorted(parts) for spelling in spellings(part)
        )
        self.reach = max((spelling.reach for spelling in self._spellings), default=0)

    def __call__(self, text: str) -> str:
        """Return ``text`` without the secrets, and without those that are evident."""
        spans = [span for spelling in self._spellings for span in spelling.spans(text)]
        # A token of which a part is masked would no longer be recognised.
        spans += [token.span() for token in _TOKEN.finditer(text)]
        return without_evident_secrets(_masked(text, spans) if spans else text)

    def value(self, value: JsonValue) -> JsonValue:
        """Return a JSON value with every text in it redacted, names included."""
        if isinstance(value, str):
            return self(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {self(name): self.value(item) for name, item in value.items()}
        return value


@lru_cache(maxsize=64)
def _compiled(secrets: frozenset[str]) -> Redactor:
    return Redactor(secrets)


def redactor_of(secrets: Iterable[str]) -> Redactor:
    """Return the redactor of ``secrets``, which is compiled once and cached."""
    return _compiled(frozenset(secrets))


def redact(text: str, secrets: Iterable[str]) -> str:
    """Return ``text`` without ``secrets``, and without those that are evident."""
    return redactor_of(secrets)(text)


def without_evident_secrets(text: str) -> str:
    """Return ``text`` without tokens of a known form and without the passwords of its addresses.

    Over HTTP the user is left out as well, and what a query calls a token, a key or a password.
    """
    text = _TOKEN.sub(MASK, text)
    if ":/" not in text:
        return text
    masked = _HTTP_USER.sub(f"{MASK}@", _PASSWORD.sub(rf"\1:{MASK}", text))
    return _QUERY_SECRET.sub(rf"\1{MASK}", masked)


def without_user(text: str) -> str:
    """Return ``text`` with passwords masked in its addresses, and users removed over HTTP."""
    return _HTTP_USER.sub("", _PASSWORD.sub(r"\1", text))


def without_suspects(text: str) -> str:
    """Return ``text`` without anything that looks like a secret, for when none are known."""
    text = without_evident_secrets(text)
    for pattern, instead in _SECRET_PATTERNS:
        text = pattern.sub(instead, text)
    return text


def last_lines(
    path: Path | None, lines: int, secrets: Iterable[str] = (), limit_bytes: int = _LOG_BYTES
) -> list[str]:
    """Return the last lines of a log without ``secrets``, the newest last; none without a file.

    They come from the last ``limit_bytes``. More is read, by the length of the longest secret, as a
    secret without its beginning would not be recognised.
    """
    redactor = redactor_of(secrets)
    try:
        with (path or Path()).open("rb") as file:
            size = file.seek(0, 2)
            start = max(0, size - limit_bytes - 4 * redactor.reach)
            file.seek(start)
            text = file.read().decode(errors="replace")
    except (FileNotFoundError, IsADirectoryError):
        return []
    whole = printable(redactor(text))
    if start:  # it may begin within a secret, and does within a line
        whole = whole[2 * redactor.reach :]
        whole = whole.partition("\n")[2] or whole
    return whole.rstrip().splitlines()[-lines:]


def _parts(secret: str) -> Iterator[str]:
    """Yield the secret and its lines, stripped, except those that are too short."""
    for part in (secret, *secret.splitlines()):
        if len(part.strip()) >= MIN_SECRET_LENGTH:
            yield part.strip()


def _masked(text: str, spans: list[tuple[int, int]]) -> str:
    """Return ``text`` with one mask for each run of overlapping spans."""
    pieces, end = [], 0
    for first, last in sorted(spans):
        if first >= end:
            pieces += [text[end:first], MASK]
        end = max(end, last)
    return "".join([*pieces, text[end:]])
