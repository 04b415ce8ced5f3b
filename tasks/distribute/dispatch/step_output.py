"""What a step says to the steps after it: JSON in the file that SLIPWAY_OUTPUT names."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import JsonValue

from blocks.providers.interface import End, Outcome
from tasks.errors import SlipwayError
from tasks.regular_file import IrregularFileError, read_regular

VARIABLE = "SLIPWAY_OUTPUT"
MOST_BYTES = 64 * 1024
MOST_DEEP = 100
"""So many lists and mappings may lie in one another."""
_LEAST, _MOST = -(2**63), 2**63 - 1
_FILE = "output.json"


class OutputError(SlipwayError):
    """What a step wrote as its output cannot be used."""


def output_path(directory: Path) -> Path:
    """Return where an execution in ``directory`` writes its output."""
    return directory / _FILE


def read_output(directory: Path) -> JsonValue:
    """Return what the execution in ``directory`` wrote; None where it wrote nothing.

    Raises:
        OutputError: It is larger than ``MOST_BYTES``, no JSON, or no regular file.
    """
    path = output_path(directory)
    try:
        text = read_regular(path, MOST_BYTES + 1)
    except FileNotFoundError:
        return None
    except IrregularFileError as error:
        remedy = f'write JSON to that path, e.g. > "${VARIABLE}", and create nothing else there'
        raise OutputError(f"its output ({VARIABLE}), {error}: {remedy}") from error
    except OSError as error:
        problem = f"{path} cannot be read ({error.strerror}): leave it to this user"
        raise OutputError(f"its output ({VARIABLE}), {problem}") from error
    if len(text) > MOST_BYTES:
        size = path.stat().st_size
        raise OutputError(
            f"its output ({VARIABLE}) has {size} bytes, and may have {MOST_BYTES}: "
            "write the names of files instead of what is in them"
        )
    return _parsed(text)


def _parsed(text: bytes) -> JsonValue:
    try:
        value: JsonValue = json.loads(text, parse_int=_whole)
        _refuse_deep(value)
        # What no database and no process would take: numbers without end, halves of characters.
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        what = f"no JSON ({error})" if text.strip() else "empty"
        raise OutputError(
            f'its output ({VARIABLE}) is {what}: write e.g. ["a", "b"], or nothing at all'
        ) from error
    return value


def _refuse_deep(value: JsonValue) -> None:
    """Raise ValueError where ``value`` is nested deeper than what reads it can follow."""
    level: list[JsonValue] = [value]
    for _ in range(MOST_DEEP + 1):
        lists = [each for each in level if isinstance(each, list)]
        mappings = [each for each in level if isinstance(each, dict)]
        level = [item for each in lists for item in each]
        level += [item for each in mappings for item in each.values()]
    if level:
        raise ValueError(f"nested deeper than {MOST_DEEP} levels")


def _whole(digits: str) -> int:
    """Return a whole number; beyond 64 bits a database would hand on another one."""
    number = int(digits)
    if not _LEAST <= number <= _MOST:
        raise ValueError(f"{digits[:30]} is larger than 64 bits hold: write it as a text")
    return number


def with_output(outcome: Outcome, directory: Path) -> Outcome:
    """Return ``outcome`` with what the execution wrote; one that cannot be used fails it."""
    try:
        return outcome.model_copy(update={"output": read_output(directory)})
    except OutputError as error:
        if not outcome.succeeded:
            return outcome
        return outcome.model_copy(update={"end": End.FAILED, "cause": str(error)})
