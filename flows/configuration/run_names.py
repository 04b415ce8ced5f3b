"""How a flow run is called, where its parameters as they are would not read well."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from prefect.runtime import flow_run

INLINE = "inline"
"""What a workload is called that is written into the parameters."""


def named(template: str) -> Callable[[], str]:
    """Return what fills ``template`` with the parameters of the flow run that is starting."""
    return lambda: run_name(template, flow_run.parameters)


def run_name(template: str, parameters: Mapping[str, Any]) -> str:
    """Return ``template`` with ``parameters``; an empty one leaves no gap, a spec is INLINE."""
    shown = {
        name: value if isinstance(value, str) else INLINE for name, value in parameters.items()
    }
    return " ".join(template.format(**shown).split())
