"""In which folders the files and folders may lie that an operation is given by its caller.

Whoever may use the API could otherwise have any file of this user read, or any folder written.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tasks.errors import BadInputError


def refuse_outside(field: str, path: Path, roots: Sequence[Path]) -> None:
    """Refuse a ``path`` that lies, links followed, in none of ``roots``.

    Raises:
        BadInputError: It names the roots, and the setting that changes them.
    """
    real = path.expanduser().resolve()
    if any(real.is_relative_to(root.expanduser().resolve()) for root in roots):
        return
    named = ", ".join(map(str, roots))
    remedy = "Move it there, or add its folder to SLIPWAY_ROOTS and run `make up`."
    raise BadInputError(field, str(path), f"lies in none of {named}", remedy)
