"""Makes Prefect's settings tell only once which environment variables they are.

Prefect's worker asks twice for each flow run, which is 40 ms of a core and a third of what a run takes it.
"""

from __future__ import annotations

from typing import Any, cast

from prefect.settings import Settings


def keep_variables() -> None:
    """Remember the variables of the settings that were asked for last in this process."""
    settings = cast("Any", Settings)
    tell = settings.to_environment_variables
    if hasattr(tell, "kept"):
        return
    known: list[tuple[Settings, dict[str, Any], dict[str, str]]] = []

    def tell_once(self: Settings, **options: Any) -> dict[str, str]:
        """Return the variables; nobody changes the fields of settings that are in use."""
        if not (known and known[0][0] is self and known[0][1] == options):
            known[:] = [(self, options, tell(self, **options))]
        return dict(known[0][2])

    tell_once.kept = True  # type: ignore[attr-defined] # told apart by it
    settings.to_environment_variables = tell_once
