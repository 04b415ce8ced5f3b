"""Tests of the goals of plans, and of the comparison of plans by them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from blocks.goal import Goal
from tasks.validation_errors import bad_input


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"budget": -1}, r"goal\.budget: must be at least 0 \(got -1\)"),
        ({"deadline_seconds": 0}, r"goal\.deadline_seconds: must be more than 0 \(got 0\)"),
        ({"probability": 1}, r"goal\.probability: must be at most 0\.99 \(got 1\)"),
        ({"objective": "money"}, r"goal\.objective: is not .*'weighted'.*Use one of them"),
        ({"deadline": 9}, r"goal\.deadline: unknown key .*Did you mean 'deadline_seconds'"),
        ({"objective": "weighted"}, r"goal\.hour_is_worth: is missing.*Give the money"),
        ({"hour_is_worth": 3}, r"goal\.hour_is_worth: counts only .*got 3.*leave it out"),
    ],
)
def test_what_cannot_be_wanted_is_refused_with_field_value_and_remedy(
    fields: dict[str, Any], message: str
) -> None:
    """A user would have to guess what is wrong, or find later that it did not count."""
    with pytest.raises(ValidationError) as error:
        Goal.model_validate(fields)
    with pytest.raises(Exception, match=message):
        raise bad_input(error.value, Goal, "goal")


def test_every_field_is_named_and_explained() -> None:
    """The form would ask for numbers without saying of what."""
    assert all(field.title and field.description for field in Goal.model_fields.values())


def test_plans_are_compared_by_what_is_wanted() -> None:
    """The dearer or the longer of two plans would be taken."""
    slow, fast = (3600.0, 1.0), (1800.0, 3.0)
    assert min(slow, fast, key=lambda each: Goal().worth(*each)) == fast
    assert min(slow, fast, key=lambda each: Goal(objective="cost").worth(*each)) == slow
    cheap_hour = Goal(objective="weighted", hour_is_worth=3.9)
    dear_hour = Goal(objective="weighted", hour_is_worth=4.1)
    assert min(slow, fast, key=lambda each: cheap_hour.worth(*each)) == slow
    assert min(slow, fast, key=lambda each: dear_hour.worth(*each)) == fast


def test_a_goal_says_what_it_is() -> None:
    """A plan would not show what it was made for."""
    goal = Goal(objective="cost", budget=2.5, deadline_seconds=60)
    assert str(goal) == "the cheapest, at most 2.5 of money, done in 60 s with 90%"
    assert not Goal().limited
    assert all(each.limited for each in (goal, Goal(budget=0), Goal(deadline_seconds=1)))
