"""Fills `{matrix.<name>}` and `{item}` in what a user wrote of a step. Pure.

The values of a matrix stand in the workload itself and are written as they are. An item comes out
of another step, e.g. a file's name: in a line of the shell it is quoted, so that it is one word
whatever is in it. Where quoting would not hold, the placeholder is refused.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import PurePath

from pydantic import JsonValue

from tasks.errors import BadInputError
from tasks.label import written

# Not `${item}`, which belongs to the shell.
_MATRIX = re.compile(r"(?<!\$)\{matrix\.([^{}]*)\}")
_ITEM = re.compile(r"(?<!\$)\{item((?:\.\w+)*)\}")
_SHELLS = frozenset({"sh", "bash", "dash", "ksh", "zsh", "ash"})
_QUOTED = re.compile(r"""\\. | '[^']*' | "(?:\\.|[^"\\])*" | `[^`]*`""", re.VERBOSE | re.DOTALL)


def fill_matrix(field: str, text: str, values: Mapping[str, str | int | bool]) -> str:
    """Return ``text`` with the values of its combination.

    Raises:
        BadInputError: ``text`` names one that the matrix does not have.
    """

    def value(match: re.Match[str]) -> str:
        """Return what stands for one placeholder."""
        if match[1] not in values:
            known = ", ".join(values) or "nothing; the step has no matrix"
            raise BadInputError(
                field, text, f"names {match[0]}, which is not known", f"The matrix has {known}"
            )
        return written(values[match[1]])

    return _MATRIX.sub(value, text)


def quotes_as_sh(argv: Sequence[str]) -> bool:
    """Tell whether ``argv`` gives a line to a shell whose words `shlex.quote` can make."""
    return len(argv) > 2 and argv[-2] == "-c" and PurePath(argv[0]).name in _SHELLS  # noqa: PLR2004 - a shell, -c, and the line


def refuse_quoted_item(field: str, line: str) -> None:
    """Raise BadInputError where ``line`` of the shell has an `{item}` that cannot be quoted."""
    inside = any(_ITEM.search(match[0]) for match in _QUOTED.finditer(line))
    if inside or ("<<" in line and _ITEM.search(line)):
        raise BadInputError(
            field,
            line,
            "has {item} between quotes or in a here-document",
            "Write it without quotes, it is one word whatever is in it; or use $SLIPWAY_ITEM",
        )


def fill_item(field: str, text: str, item: JsonValue, *, quote: bool) -> str:
    """Return ``text`` with ``item``, or that part of it which `{item.<key>}` names.

    Raises:
        BadInputError: The item has no such key, or what no command can be given.
    """

    def value(match: re.Match[str]) -> str:
        """Return what stands for one placeholder."""
        found = item
        for key in match[1].split(".")[1:]:
            if not isinstance(found, dict) or key not in found:
                problem = f"names {match[0]}, which {written(item)[:200]} does not have"
                raise BadInputError(field, text, problem, "Name a key that every item has")
            found = found[key]
        said = written(found)
        return shlex.quote(said) if quote else said

    filled = _ITEM.sub(value, text)
    if "\0" in filled:
        raise BadInputError(field, filled, "has a NUL character", "Leave it out of the output")
    return filled
