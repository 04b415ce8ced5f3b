"""Restricts the paths that callers give to operations to the allowed root folders.

Otherwise everybody who may use the API could read any file of this user, and write any folder.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from pathlib import Path

from tasks.errors import BadInputError

_UNUSABLE = frozenset({errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL})


def real_path(field: str, path: Path) -> Path:
    """Return ``path`` as an absolute path with links resolved, whether it exists or not.

    Raises:
        BadInputError: No file can be there: its links form a loop, a name in it is too long, or it
            begins with an unknown user.
    """
    try:
        real = path.expanduser().resolve()
    except (RuntimeError, OSError) as error:
        raise _unusable(field, path, str(error)) from error
    try:
        real.lstat()
    except OSError as error:
        if error.errno in _UNUSABLE:
            raise _unusable(field, path, str(error.strerror)) from error
    return real


def _unusable(field: str, path: Path, why: str) -> BadInputError:
    remedy = "Give one where a file can be."
    return BadInputError(field, str(path), f"is not a path that can be followed ({why})", remedy)


def refuse_outside(field: str, path: Path, roots: Sequence[Path]) -> None:
    """Refuse a ``path`` that lies, with links resolved, in none of ``roots``.

    Raises:
        BadInputError: It names the roots, and the setting that changes them.
    """
    real = real_path(field, path)
    if any(real.is_relative_to(root.expanduser().resolve()) for root in roots):
        return
    named = ", ".join(map(str, roots))
    remedy = "Move it there, or add its folder to SLIPWAY_ROOTS and run `make up`."
    raise BadInputError(field, str(path), f"lies in none of {named}", remedy)
