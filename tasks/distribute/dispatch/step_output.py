"""The output of a step for later steps: JSON in the file that SLIPWAY_OUTPUT names."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import JsonValue

from blocks.providers.interface import End, Outcome
from tasks.errors import SlipwayError
from tasks.regular_file import IrregularFileError, read_regular

VARIABLE = "SLIPWAY_OUTPUT"
MAX_BYTES = 64 * 1024
MAX_DEPTH = 100
"""The deepest nesting of lists and mappings."""
# The range of 64-bit integers.
_MIN_INTEGER = -(2**63)
_MAX_INTEGER = 2**63 - 1
_FILE = "output.json"


class OutputError(SlipwayError):
    """The output that a step wrote cannot be used."""


def output_path(directory: Path) -> Path:
    """Return where an execution in ``directory`` writes its output."""
    return directory / _FILE


def read_output(directory: Path) -> JsonValue:
    """Return the output of the execution in ``directory``; None if it wrote none.

    Raises:
        OutputError: It is larger than ``MAX_BYTES``, not JSON, or not a regular file.
    """
    path = output_path(directory)
    try:
        text = read_regular(path, MAX_BYTES + 1)
    except FileNotFoundError:
        return None
    except IrregularFileError as error:
        remedy = f'write JSON to that path, e.g. > "${VARIABLE}", and create nothing else there'
        raise OutputError(f"its output ({VARIABLE}), {error}: {remedy}") from error
    except OSError as error:
        problem = f"{path} cannot be read ({error.strerror}): leave it to this user"
        raise OutputError(f"its output ({VARIABLE}), {problem}") from error
    if len(text) > MAX_BYTES:
        size = path.stat().st_size
        raise OutputError(
            f"its output ({VARIABLE}) has {size} bytes, and may have {MAX_BYTES}: "
            "write the names of files instead of what is in them"
        )
    return _parsed(text)


def _parsed(text: bytes) -> JsonValue:
    try:
        value: JsonValue = json.loads(text, parse_int=_whole)
        _refuse_deep(value)
        # Infinite numbers and half characters, which no database and no process would accept.
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        what = f"not valid JSON ({error})" if text.strip() else "empty"
        raise OutputError(
            f'its output ({VARIABLE}) is {what}: write e.g. ["a", "b"], or nothing at all'
        ) from error
    return value


def _refuse_deep(value: JsonValue) -> None:
    """Raise ValueError where ``value`` is nested deeper than its readers support."""
    level: list[JsonValue] = [value]
    for _ in range(MAX_DEPTH + 1):
        lists = [container for container in level if isinstance(container, list)]
        mappings = [container for container in level if isinstance(container, dict)]
        level = [item for container in lists for item in container]
        level += [item for container in mappings for item in container.values()]
    if level:
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels")


def _whole(digits: str) -> int:
    """Return an integer; beyond 64 bits a database would return another one."""
    number = int(digits)
    if not _MIN_INTEGER <= number <= _MAX_INTEGER:
        raise ValueError(f"{digits[:30]} is larger than 64 bits hold: write it as a string")
    return number


def with_output(outcome: Outcome, directory: Path) -> Outcome:
    """Return ``outcome`` with the output of the execution; an unusable output fails it."""
    try:
        output = read_output(directory)
    except OutputError as error:
        if not outcome.succeeded:
            return outcome
        return outcome.model_copy(update={"end": End.FAILED, "cause": str(error)})
    return outcome if output is None else outcome.model_copy(update={"output": output})
