"""The combinations of a matrix."""

from __future__ import annotations

import pytest

from blocks.workload_spec import MatrixValue
from tasks.errors import BadInputError
from tasks.split.matrix import MAX_COMBINATIONS, combinations


def test_every_combination_has_its_id() -> None:
    """A combination would not be run, or two share an id."""
    all_combinations = combinations(
        "m", {"python": ["3.11", "3.12"], "os": ["linux"], "fast": [True]}
    )
    assert [each.member("build") for each in all_combinations] == [
        "build[3.11,linux,true]",
        "build[3.12,linux,true]",
    ]
    assert all_combinations[1].values == {"python": "3.12", "os": "linux", "fast": True}


def test_without_a_matrix_there_is_the_step_alone() -> None:
    """A plain step would get brackets."""
    [only] = combinations("m", {})
    assert (only.member("build"), only.values) == ("build", {})


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        ({"a-b": ["x"]}, "m: is not a valid name .got 'a-b'"),
        ({"a": []}, r"m\.a: has no values"),
        ({"a": ["1", 1]}, r"m\.a: is given twice \(got 1\)"),
        ({"a": list(range(40)), "b": list(range(40))}, "has 1600 combinations, and may have 1000"),
    ],
)
def test_a_bad_matrix_is_named(matrix: dict[str, list[MatrixValue]], message: str) -> None:
    """Two steps would have one id, or a typo start thousands."""
    with pytest.raises(BadInputError, match=message):
        combinations("m", matrix)
    assert len(combinations("m", {"a": list(range(MAX_COMBINATIONS))})) == MAX_COMBINATIONS
