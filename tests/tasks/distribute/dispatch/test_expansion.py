"""A step with `foreach` becomes one step for each item."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import JsonValue

from tasks.distribute.dispatch.expansion import expand, joined
from tasks.distribute.dispatch.results import StepResult, StepState
from tasks.errors import BadInputError
from tasks.workload import MAX_ITEMS, Step

SHELL = ("sh", "-c", "do {item.f}")
EACH = Step("each", SHELL, Path("/"), "p/w/each", needs=("list",), foreach="items", retries=2)


def parts(items: JsonValue, step: Step = EACH) -> list[Step]:
    """What the step becomes for those items."""
    return list(expand(step, {"items": items}))


def test_each_item_has_a_step_of_its_own_that_is_otherwise_the_same() -> None:
    """An item would be done twice or never, or without the limits that were declared."""
    first, second = parts([{"f": "a b", "id": "x"}, {"f": "c", "id": "y"}])
    assert (first.id, second.id) == ("each[x]", "each[y]")
    assert first.argv[-1] == "a b"  # an argument of its own, never part of the text
    assert (first.argv[:2], "a b" in first.argv[2]) == (("sh", "-c"), False)
    assert first.environment["SLIPWAY_ITEM"] == '{"f": "a b", "id": "x"}'
    assert (first.group, first.foreach, first.history_key) == ("each", "", "p/w/each")
    assert (first.needs, first.retries) == (("list",), 2)


def test_a_list_as_command_gets_the_item_as_it_is() -> None:
    """A name would reach the program in quotes."""
    plain = Step("each", ("do", "{item}"), Path("/"), "k", foreach="items")
    assert [step.argv for step in parts(["a b", 3], plain)] == [("do", "a b"), ("do", "3")]


def test_the_same_items_are_the_same_steps_in_any_order() -> None:
    """A resumed workload would take one item's outcome for another's."""
    items: list[JsonValue] = [{"f": "a"}, {"f": "b"}, {"f": "a"}]
    assert sorted(parts(items), key=lambda s: s.id) == sorted(
        parts(items[::-1]), key=lambda s: s.id
    )


@pytest.mark.parametrize(
    ("items", "problem"),
    [
        ("abc", r"steps\.each\.foreach: is 'abc', not a list"),
        (list(range(MAX_ITEMS + 1)), "has 10001 items, and may have 10000"),
        ([{"f": 1}, {}], r"steps\.each\.run: names \{item\.f\}, which \{\} does not have"),
    ],
)
def test_what_cannot_be_expanded_is_named(items: JsonValue, problem: str) -> None:
    """A workload would flood its providers, or stand still without a reason."""
    with pytest.raises(BadInputError, match=problem):
        parts(items)


def test_it_ends_as_its_items_did() -> None:
    """A list in which an item failed would count as done."""
    good, bad = StepResult("e[1]", StepState.SUCCEEDED), StepResult("e[2]", StepState.FAILED)
    assert joined("e", [good]) == StepResult("e", StepState.SUCCEEDED, parts=1)
    assert joined("e", []) == StepResult("e", StepState.SUCCEEDED, parts=0)
    result = joined("e", [good, *[bad] * 7])
    assert result.state is StepState.FAILED
    assert result.detail == "failed: 7 of 8: e[2], e[2], e[2], e[2], e[2] and 2 more"
