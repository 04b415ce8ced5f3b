"""Keeps the command line of httpx out of this process: it takes 3 MiB, and nobody types it here.

It is imported before anything that imports httpx, which goes on without it.
"""

from __future__ import annotations

import sys
from typing import Any

_MODULES: dict[str, Any] = sys.modules
_MODULES.setdefault("httpx._main", None)
