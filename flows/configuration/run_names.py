"""Names for flow runs whose raw parameters would not read well in a name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from prefect.runtime import flow_run

INLINE = "inline"
"""The name of a workload that is written into the parameters."""


def named(template: str) -> Callable[[], str]:
    """Return a function that fills ``template`` with the parameters of the current flow run."""

    def name() -> str:
        """Return the name of the flow run that is starting."""
        return run_name(template, flow_run.parameters)

    name.__dict__["template"] = template  # for the server, which names runs before they start
    return name


def run_name(template: str, parameters: Mapping[str, Any]) -> str:
    """Return ``template`` with ``parameters``; an empty one leaves no gap, a spec is INLINE."""
    values = {
        name: value if isinstance(value, str | int | float) else INLINE
        for name, value in parameters.items()
    }
    return " ".join(template.format(**values).split())
