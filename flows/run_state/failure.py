"""A decorator that ends a flow as Failed with the message of a foreseen error."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from functools import wraps
from inspect import signature
from typing import Any, ParamSpec, TypeVar, cast

from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Failed

from blocks.file_system import is_without_room, tells_no_room, told_full
from flows.run_state.secret_redaction import redacted
from flows.run_state.termination import cancelled_by_sigterm
from tasks.errors import SlipwayError
from tasks.holder import acting_as
from tasks.settings import settings
from tasks.validation_errors import refuse_unusable_text

P = ParamSpec("P")
R = TypeVar("R")


_FAILED_STATE = "Task run failed with state"


class PlainFilter(logging.Filter):
    """Moves the stack trace of a foreseen error to the level debug.

    Of a task that returns a failed state, it leaves out the line that has no stack trace: the state
    in which it finishes says the same.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Remove the stack trace from a record of such an error, and log it at level debug."""
        trace = record.exc_info
        if trace and trace[0] is None and record.getMessage().startswith(_FAILED_STATE):
            return False
        if record.levelno > logging.DEBUG and trace and _is_foreseen(trace[1]):
            record.exc_info = None
            logging.getLogger(record.name).debug("Stack trace:", exc_info=trace)
        return True


_PLAIN = PlainFilter()


def _is_foreseen(error: BaseException | None) -> bool:
    """Tell whether its message names value and remedy, so that it needs no stack trace."""
    return isinstance(error, SlipwayError) or (
        error is not None and tells_no_room(_message_of(error))
    )


def _message_of(error: BaseException) -> str:
    """Return the message of ``error``; for a full disk, with the file that was written."""
    if isinstance(error, OSError) and is_without_room(error):
        file = error.filename2 or error.filename  # of a copy, the first is only read
        return f"{error.strerror}: {file}" if file else str(error.strerror)
    return str(error)


def failed(error: Exception) -> State[Any]:
    """Return the state of a run that ends with a foreseen ``error``; raise any other again."""
    if not _is_foreseen(error):
        raise error
    message = redacted(told_full(_message_of(error), settings().root))
    # Its error is kept as JSON, from which only one that takes nothing but a message can be raised
    # again; it must hold no secret.
    return Failed(message=message, data=SlipwayError(message))


def fails_plainly(
    work: Callable[P, Coroutine[Any, Any, R]],
) -> Callable[P, Coroutine[Any, Any, R]]:
    """Let the function of a flow end with the message of a foreseen error as its state's message.

    Prefect itself would put the name of the class before it. A full disk counts as foreseen,
    whichever program reports it, and the message says what to do. Parameters with a text that
    cannot be stored are refused before the function is called. Any other error is a bug of ours and
    is left to Prefect, which keeps its stack trace in the log of the run.
    """

    @wraps(work)
    async def run(*args: P.args, **kwargs: P.kwargs) -> R:
        """Do the work, or end as failed."""
        logging.getLogger("prefect.task_runs").addFilter(_PLAIN)
        try:
            for name, value in signature(work).bind(*args, **kwargs).arguments.items():
                refuse_unusable_text(name, value)
            with cancelled_by_sigterm(), acting_as(f"the run '{flow_run.name}' ({flow_run.id})"):
                return await work(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - what is not foreseen is raised again
            # A state that a flow returns becomes its own.
            return cast("R", failed(error))

    # Prefect reads the form of a flow from here, and would look for its types in this module.
    run.__dict__["__signature__"] = signature(work, eval_str=True)
    return run
