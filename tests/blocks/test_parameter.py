"""Tests of the bounds of parameters, as the API of Prefect checks them."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from pydantic import TypeAdapter

from blocks.parameter import Day


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
