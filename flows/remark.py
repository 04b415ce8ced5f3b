"""A flow that did what it was asked, and has something to say that nobody should miss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar, cast

from prefect.states import Completed

R = TypeVar("R")


def remarked(result: R, summary: str, remarks: Sequence[str]) -> R:
    """Return ``result`` of a flow; where there are ``remarks``, its state says them.

    Args:
        result: What the flow returns; who awaits the flow gets it in any case.
        summary: What was done, in half a sentence.
        remarks: What is to be read beside it, one sentence each.
    """
    if not remarks:
        return result
    # A state that a flow returns becomes its own.
    return cast("R", Completed(message=f"{summary}. {' '.join(remarks)}", data=result))
