"""Keeps the command line of the HTTP client, 6 MB, out of the process that imports this first."""

from __future__ import annotations

import sys
from typing import Any, cast

# The client does without it where it cannot be imported.
cast("dict[str, Any]", sys.modules).setdefault("httpx._main", None)
