"""Completed states with a message: a summary of what the flow did, and remarks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar, cast

from prefect.client.schemas.objects import State
from prefect.states import Completed

R = TypeVar("R")

OVERTAKEN = "Overtaken"
"""The name of the state of a run whose work another run has undone or replaced before its end."""


def remarked(result: R, summary: str, remarks: Sequence[str]) -> R:
    """Return ``result`` of a flow whose state says what was done, and adds the ``remarks``.

    Args:
        result: What the flow returns; who awaits the flow gets it in any case.
        summary: What was done, in half a sentence.
        remarks: Further sentences for the state's message.
    """
    message = f"{summary}. {' '.join(remarks)}" if remarks else summary
    # A state that a flow returns becomes its own.
    return cast("R", Completed(message=message, data=result))


def concluded(result: R, summary: str, remarks: Sequence[str], overtaken: str = "") -> R:
    """Return ``result`` of a flow whose state always says what was done, and where.

    Args:
        result: What the flow returns; who awaits the flow gets it in any case.
        summary: What was done, and where it answers; nothing follows it on its line.
        remarks: Further sentences for the state's message.
        overtaken: How another run has undone or replaced it since; empty if none has.
    """
    message = "\n".join([*filter(None, [overtaken]), summary, *remarks])
    state: State[R] = Completed(message=message, data=result)
    return cast("R", state.model_copy(update={"name": OVERTAKEN}) if overtaken else state)


def answers_at(urls: Mapping[str, str]) -> str:
    """Return a text that says where services answer, by their names."""
    return ", ".join(f"{name} at {url}" for name, url in urls.items()) or "it has no port"
