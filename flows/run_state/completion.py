"""A flow that did what it was asked, and has something to say that nobody should miss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar, cast

from prefect.client.schemas.objects import State
from prefect.states import Completed

R = TypeVar("R")

OVERTAKEN = "Overtaken"
"""The name of the state of a run whose work another run has undone or replaced before its end."""


def remarked(result: R, summary: str, remarks: Sequence[str]) -> R:
    """Return ``result`` of a flow whose state says what was done, and the ``remarks`` beside it.

    Args:
        result: What the flow returns; who awaits the flow gets it in any case.
        summary: What was done, in half a sentence.
        remarks: What is to be read beside it, one sentence each.
    """
    message = f"{summary}. {' '.join(remarks)}" if remarks else summary
    # A state that a flow returns becomes its own.
    return cast("R", Completed(message=message, data=result))


def concluded(result: R, summary: str, remarks: Sequence[str], overtaken: str = "") -> R:
    """Return ``result`` of a flow whose state says in any case what was done, and where.

    Args:
        result: What the flow returns; who awaits the flow gets it in any case.
        summary: What was done, and where it answers; nothing follows it on its line.
        remarks: What is to be read beside it, one sentence each.
        overtaken: What another run has made of it since; empty: nothing.
    """
    message = "\n".join([*filter(None, [overtaken]), summary, *remarks])
    state: State[R] = Completed(message=message, data=result)
    return cast("R", state.model_copy(update={"name": OVERTAKEN}) if overtaken else state)


def answers_at(urls: Mapping[str, str]) -> str:
    """Say where services answer, by their names."""
    return ", ".join(f"{name} at {url}" for name, url in urls.items()) or "it has no port"
