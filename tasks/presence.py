"""Whether what is meant to run does: looked at, not believed."""

from __future__ import annotations

from blocks.providers import process
from tasks.release import Instance


def is_running(instance: Instance) -> bool:
    """Tell whether it has a process, asked of the process itself."""
    return isinstance(process.status(instance.directory), process.Running)
