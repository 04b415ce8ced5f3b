"""How a flow ends that cannot do what it was asked: its state says why, in the error's own words."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from inspect import signature
from typing import Any, ParamSpec, TypeVar, cast

from prefect.states import Failed

from blocks.providers.shim_spec import ShimError
from blocks.repositories.errors import RepositoryError
from blocks.routers.interface import RouterError
from flows.discretion import discreet
from flows.termination import cancelled_by_sigterm
from tasks.errors import SlipwayError

P = ParamSpec("P")
R = TypeVar("R")

FORESEEN = (SlipwayError, RepositoryError, RouterError, ShimError)
"""What is raised on purpose: its message names value and remedy, so it needs no stack trace."""


def fails_plainly(
    work: Callable[P, Coroutine[Any, Any, R]],
) -> Callable[P, Coroutine[Any, Any, R]]:
    """Let the function of a flow end with the message of a foreseen error as its state's.

    Prefect itself would put the name of the class before it. Anything else is a bug of ours and
    is left to Prefect, which keeps its stack trace in the log of the flow run.
    """

    @wraps(work)
    async def run(*args: P.args, **kwargs: P.kwargs) -> R:
        """Do the work, or end as failed."""
        try:
            with cancelled_by_sigterm():
                return await work(*args, **kwargs)
        except FORESEEN as error:
            # A state that a flow returns becomes its own; who awaits the flow gets the error.
            return cast("R", Failed(message=discreet(str(error)), data=error))

    # Prefect reads the form of a flow from here, and would look for its types in this module.
    run.__dict__["__signature__"] = signature(work, eval_str=True)
    return run
