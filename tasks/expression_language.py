"""The library of the Common Expression Language, without its command line.

The latter imports 17 MB that each process of a flow run would hold.
"""

from __future__ import annotations

import sys
from types import ModuleType

sys.modules.setdefault("cel.cli", ModuleType("cel.cli"))

import cel  # noqa: E402 - it imports its command line

__all__ = ["cel"]
