"""A decorator that lets a flow use a project, and excludes the flow that forgets it meanwhile."""

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
    """Mark the project that the flow's parameter names as in use while the flow's function runs."""

    @wraps(work)
    async def run(*args: P.args, **kwargs: P.kwargs) -> R:
        """Do the work while the project is in use."""
        project = signature(work).bind(*args, **kwargs).arguments["project"]
        with in_use(settings().root, project):
            return await work(*args, **kwargs)

    return run
