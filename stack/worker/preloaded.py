"""Imports what flow runs need when it is imported itself, as a new fork server does."""

from __future__ import annotations

from stack.worker.preload import preload
from tasks.home import Home
from tasks.settings import Settings

# The cached settings of this process would be those of all forks.
preload(Home(Settings().root))
