"""Tests of the block of the shell provider."""

from __future__ import annotations

import os

import pytest
from pydantic import ValidationError

from blocks.providers.interface import Resources
from blocks.providers.shell import ShellProvider


def test_it_hands_out_what_it_is_given() -> None:
    """Broken: plans would count on another capacity or price than was configured."""
    block = ShellProvider(cpus=3, memory_mib=1000, slots=5, speed=2, price_per_hour=0.5)
    runner = block.provider("local")
    assert (runner.name, runner.kind) == ("local", "shell")
    assert runner.capacity == Resources(cpus=3, memory_mib=1000, slots=5)
    assert (runner.speed, runner.price_per_hour) == (2, 0.5)


def test_by_default_it_is_this_machine() -> None:
    """Broken: a first run would need numbers that nobody knows by heart."""
    capacity = ShellProvider().provider("local").capacity
    assert (capacity.cpus, capacity.slots) == (os.cpu_count(), os.cpu_count())
    assert capacity.memory_mib > 0


@pytest.mark.parametrize("field", ["cpus", "memory_mib", "slots", "speed"])
def test_nothing_can_be_nothing(field: str) -> None:
    """Broken: a provider that never runs anything would be planned with."""
    with pytest.raises(ValidationError, match=field):
        ShellProvider.model_validate({field: 0})


def test_the_ui_has_what_it_shows() -> None:
    """Broken: the block would stand in the catalogue without picture, help or example."""
    kind = ShellProvider._to_block_type()
    assert kind.slug == "slipway-shell-provider"
    assert all((kind.description, kind.documentation_url, kind.code_example))
    assert all(field.description for field in ShellProvider.model_fields.values())
