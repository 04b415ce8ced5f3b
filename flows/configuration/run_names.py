"""Names for flow runs whose raw parameters would not read well in a name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from prefect.runtime import flow_run

INLINE = "inline"
"""The name of a workload that is written into the parameters."""
_MAX_NAMED = 3
"""Number of entries of ``projects`` that a name shows."""


def named(template: str) -> Callable[[], str]:
    """Return a function that fills ``template`` with the parameters of the current flow run."""

    def name() -> str:
        """Return the name of the flow run that is starting."""
        return run_name(template, flow_run.parameters)

    name.__dict__["template"] = template  # for the server, which names runs before they start
    return name


def run_name(template: str, parameters: Mapping[str, Any]) -> str:
    """Return ``template`` with ``parameters``; an empty one leaves no gap, a spec is INLINE.

    Several projects stand where one would.
    """
    values = {
        name: value if isinstance(value, str | int | float) else INLINE
        for name, value in parameters.items()
    }
    projects = parameters.get("projects")
    if isinstance(projects, list) and projects and not values.get("project"):
        values["project"] = _several(projects)
    return " ".join(template.format(**values).split())


def _several(projects: Sequence[object]) -> str:
    """Return the first of ``projects``, and the number of the others."""
    named = ", ".join(str(each) for each in projects[:_MAX_NAMED])
    others = len(projects) - _MAX_NAMED
    return f"{named} and {others} more" if others > 0 else named
