"""Scheduled runs that lack a parameter: refused in a sentence, where the engine would crash.

Whoever starts a run is told by the API; of a schedule, the API takes any parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tasks.errors import BadInputError


def incompleteness(schema: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:
    """Return a sentence where ``parameters`` leave out what ``schema`` requires; else nothing."""
    lacking = [name for name in schema.get("required", []) if name not in parameters]
    if not lacking:
        return ""
    problem = "is not given by the schedule, and has no default"
    remedy = "Edit the schedule of the deployment and add it to the parameters."
    return str(BadInputError(", ".join(lacking), dict(parameters), problem, remedy))
