"""The combinations of a step's matrix; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

from blocks.workload_spec import MatrixValue
from tasks.errors import BadInputError
from tasks.label import labels, written

MAX_COMBINATIONS = 1000
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Combination:
    """One combination: its values by name, and their labels in ids."""

    values: Mapping[str, MatrixValue]
    labels: Mapping[str, str]

    def member(self, step_id: str) -> str:
        """Return the id of this combination of a step; its own where it has no matrix."""
        return f"{step_id}[{','.join(self.labels.values())}]" if self.labels else step_id


def combinations(field: str, matrix: Mapping[str, Sequence[MatrixValue]]) -> list[Combination]:
    """Return every combination, the last name varying fastest; without a matrix the empty one.

    Raises:
        BadInputError: a name is none, a list is empty or has a value twice, or there are more
            than ``MAX_COMBINATIONS``.
    """
    for name, values in matrix.items():
        _refuse_bad(field, name, values)
    count = prod(map(len, matrix.values()))
    if count > MAX_COMBINATIONS:
        raise BadInputError(
            field,
            {name: len(values) for name, values in matrix.items()},
            f"has {count} combinations, and may have {MAX_COMBINATIONS}",
            "Leave values out, or have a step write a list and use `foreach`",
        )
    labels_of = {name: labels(list(values)) for name, values in matrix.items()}
    pairs = [list(zip(values, labels_of[name], strict=True)) for name, values in matrix.items()]
    return [
        Combination(
            {name: value for name, (value, _) in zip(matrix, pair_values, strict=True)},
            {name: label for name, (_, label) in zip(matrix, pair_values, strict=True)},
        )
        for pair_values in product(*pairs)
    ]


def _refuse_bad(field: str, name: str, values: Sequence[MatrixValue]) -> None:
    if not _NAME.fullmatch(name):
        raise BadInputError(
            field, name, "is not a valid name", "Use letters, digits and underscores"
        )
    if not values:
        raise BadInputError(f"{field}.{name}", [], "has no values", "Name at least one")
    written_values: set[str] = set()
    for value in values:
        if written(value) in written_values:
            raise BadInputError(f"{field}.{name}", value, "is given twice", "Remove one of them")
        written_values.add(written(value))
