"""Reads YAML files of users safely: one document, no duplicate key, no alias bomb."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from tasks.errors import BadInputError
from tasks.text import read_text

_MAX_BYTES = 4 * 1024 * 1024
_QUOTED = re.compile(r" '[^'<][^']+'")
"""Matches quotations of the text in the parser's messages, except single characters and tokens."""
_MAX_VALUES = 100_000
"""Nested aliases can make a small file larger than any memory when they are expanded."""


def read_document(field: str, path: Path) -> object:
    """Return the document in the YAML file ``path``; an empty mapping for an empty file.

    Errors quote nothing of a file that is not YAML: more people can read the message than the
    file, which may be any.

    Raises:
        BadInputError: It cannot be read, is not YAML, or has a key twice.
    """
    text = read_text(field, path, _MAX_BYTES)
    try:
        document: object = yaml.load(text, _Loader)  # noqa: S506 # it is a SafeLoader
    except yaml.YAMLError as error:
        raise BadInputError(field, str(path), _problem(error, text), "Fix its syntax.") from error
    except RecursionError as error:
        problem, remedy = "is nested too deeply", "Write it flatter."
        raise BadInputError(field, str(path), problem, remedy) from error
    _require_readable(field, path, document)
    return {} if document is None else document


class _Loader(yaml.SafeLoader):
    """Refuses a duplicate key in a mapping, of which PyYAML would take the second."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 # as PyYAML calls it
        """Return the mapping of ``node``, after a check of its keys."""
        lines: dict[str, int] = {}
        for key, _ in node.value:
            line, name = key.start_mark.line + 1, str(key.value)
            if name in lines and isinstance(key, yaml.ScalarNode) and name != "<<":
                problem = f"this key occurs twice, first at line {lines[name]}"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            lines.setdefault(name, line)
        return super().construct_mapping(node, deep=deep)


def _problem(error: yaml.YAMLError, text: str) -> str:
    """Return in one line what the parser met, and where."""
    if isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, error.position) + 1
        return f"is not valid YAML at line {line}: {error.reason} ({error.character!r})"
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return "is not valid YAML"
    mark = error.problem_mark
    problem = _QUOTED.sub("", error.problem or "")
    return f"is not valid YAML at line {mark.line + 1}, column {mark.column + 1}: {problem}"


def _require_readable(field: str, path: Path, document: object) -> None:
    """Refuse recursive aliases, and aliases that multiply beyond the limit."""
    values = _count(document, {}, set())
    if values > _MAX_VALUES:
        size = "too many" if values < float("inf") else "endlessly many"
        problem = f"has {size} values: its aliases name one another"
        raise BadInputError(field, str(path), problem, "Write out what is meant.")


def _count(value: object, counts: dict[int, float], above: set[int]) -> float:
    """Return how many values ``value`` has when every alias is expanded."""
    if not isinstance(value, dict | list):
        return 1
    if id(value) in above:
        return float("inf")
    if id(value) not in counts:
        above.add(id(value))
        parts = value.values() if isinstance(value, dict) else value
        counts[id(value)] = 1 + sum(_count(part, counts, above) for part in parts)
        above.discard(id(value))
    return counts[id(value)]
