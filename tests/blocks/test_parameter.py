"""Tests of the bounds of parameters, as the API of Prefect checks them."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from pydantic import BaseModel, TypeAdapter

from blocks.parameter import Day
from blocks.project_spec import ProjectSpec
from blocks.providers.shell import ShellProvider
from blocks.repositories.restic import ResticRepository


@pytest.mark.parametrize("model", [ProjectSpec, ShellProvider, ResticRepository])
def test_bounds_of_numbers_are_in_the_schema(model: type[BaseModel]) -> None:
    """Broken: the API and the forms take what only a run that has begun refuses."""
    schema = model.model_json_schema()
    inert: list[str] = []

    def look(part: object) -> None:
        """Collect the bounds that pydantic checks and JSON Schema does not know."""
        if isinstance(part, dict):
            inert.extend(key for key in part if key in {"ge", "gt", "le", "lt"})
            for inner in part.values():
                look(inner)
        elif isinstance(part, list):
            for inner in part:
                look(inner)

    look(schema)
    assert inert == []
    assert "minimum" in str(schema)


@pytest.mark.slow
def test_a_day_is_one_that_there_is() -> None:
    """The API would start a run for the 30th of February, or refuse a leap day."""
    pattern = re.compile(TypeAdapter(Day).json_schema()["pattern"])
    first = date(1970, 1, 1)
    days = {str(first + timedelta(days=day)) for day in range((date(2100, 1, 1) - first).days)}
    matching = {
        f"{year}-{month:02}-{day:02}"
        for year in range(1968, 2104)
        for month in range(14)
        for day in range(33)
    }
    assert {text for text in matching if pattern.search(text)} == days
