"""Error messages for scheduled runs that lack a parameter, on which the engine would crash.

The API refuses such a run of a user, but it accepts any parameters of a schedule.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tasks.errors import BadInputError


def incompleteness(schema: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:
    """Return an error message if ``parameters`` lack one that ``schema`` requires, else ``""``."""
    lacking = [name for name in schema.get("required", []) if name not in parameters]
    if not lacking:
        return ""
    problem = "is not given by the schedule, and has no default"
    remedy = "Edit the schedule of the deployment and add it to the parameters."
    return str(BadInputError(", ".join(lacking), dict(parameters), problem, remedy))
