"""Flows that have a project serve: none of them goes on beside one that forgets it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from inspect import signature
from typing import Any, ParamSpec, TypeVar

from tasks.launch.usage import in_use
from tasks.settings import settings

P = ParamSpec("P")
R = TypeVar("R")


def uses_its_project(
    work: Callable[P, Coroutine[Any, Any, R]],
) -> Callable[P, Coroutine[Any, Any, R]]:
    """Let the function of a flow use the project that its parameter names, or be refused."""

    @wraps(work)
    async def run(*args: P.args, **kwargs: P.kwargs) -> R:
        """Do the work as one who uses the project."""
        project = signature(work).bind(*args, **kwargs).arguments["project"]
        with in_use(settings().root, project):
            return await work(*args, **kwargs)

    return run
