"""Reads text files of users: UTF-8 with or without a byte order mark; others are refused."""

from __future__ import annotations

from pathlib import Path

from tasks.errors import BadInputError
from tasks.quantities import MIB_BYTES
from tasks.regular_file import IrregularFileError, read_regular

_MARK = b"\xef\xbb\xbf"
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")
MAX_BYTES = 64 * MIB_BYTES
"""Size limit of a text; the largest are recorded workflows of other systems."""


def read_text(field: str, path: Path, max_bytes: int = MAX_BYTES) -> str:
    """Return the text of ``path``; ``field`` names it in errors.

    Raises:
        BadInputError: It is not UTF-8, or has a NUL: with file, line and byte; or cannot be read,
            is not a regular file (a device never ends), or is larger than ``max_bytes``.
    """
    try:
        content = _content(field, path, max_bytes)
    except OSError as error:
        remedy = "Name a file that exists and that this user may read."
        where = "" if path.is_absolute() else f" in {Path.cwd()}"
        problem = f"{error.strerror or error}{where}"
        raise BadInputError(field, str(path), problem, remedy) from error
    return decoded(field, path.name, content)


def _content(field: str, path: Path, max_bytes: int) -> bytes:
    """Return the content of a regular file; other kinds are not opened."""
    try:
        content = read_regular(path, max_bytes + 1)
    except IrregularFileError as error:
        problem = f"is {error.kind}, not a regular file"
        raise BadInputError(field, str(path), problem, "Name a text file.") from error
    if len(content) > max_bytes:
        problem = f"is larger than {max_bytes // MIB_BYTES} MiB"
        raise BadInputError(field, str(path), problem, "Name the file that is meant, or split it.")
    return content


def decoded(field: str, name: str, content: bytes) -> str:
    """Return ``content`` of the file ``name`` as text, every end of line as a newline.

    Raises:
        BadInputError: It is not UTF-8, or has a NUL.
    """
    text = content.removeprefix(_MARK)
    skipped = len(content) - len(text)
    if content.startswith(_WIDE_MARKS):
        raise _refusal(field, name, content, 0)
    if b"\0" in text:
        raise _refusal(field, name, content, skipped + text.index(b"\0"))
    try:
        return text.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise _refusal(field, name, content, skipped + error.start) from error


def _refusal(field: str, name: str, content: bytes, place: int) -> BadInputError:
    line = content.count(b"\n", 0, place) + 1
    encoding = _wide_encoding(content)
    if not encoding and content[place] == 0:
        problem = f"holds a NUL at line {line}, byte {place + 1}"
        return BadInputError(field, name, problem, "Save it as a text without it.")
    problem = f"is not UTF-8 at line {line}, byte {place + 1} (0x{content[place]:02x})"
    if encoding:
        problem += f", but {encoding}"
    converted = f"iconv -f {encoding or 'LATIN1'} -t UTF-8 {name} > {name}.utf8"
    return BadInputError(field, name, problem, f"Save it as UTF-8, e.g.: {converted}")


def _wide_encoding(content: bytes) -> str:
    """Return the two-byte encoding of ``content``, judged by its beginning, or ``""``."""
    if content.startswith(_WIDE_MARKS):
        return "UTF-16"
    if content[:1] == b"\0":
        return "UTF-16BE"
    return "UTF-16LE" if content[1:2] == b"\0" else ""
