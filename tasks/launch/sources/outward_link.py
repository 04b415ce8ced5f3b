"""Tells whether a path in an unpacked archive leads out of it through symbolic links.

`os.path.realpath` cannot be asked: it takes what lies deeper than the system's longest path for a
folder, also where it is a link (CVE-2025-4517 is that in tarfile's own filter), and the system
follows such a link all the same.
"""

from __future__ import annotations

import errno
from pathlib import Path, PurePosixPath

_MAX_LINKS = 40
"""Linux follows no more in one path, and others fewer."""
_NO_LINK = frozenset({errno.EINVAL, errno.ENOENT, errno.ENOTDIR})


def leads_out(root: Path, path: PurePosixPath) -> bool:
    """Tell whether ``path``, which begins in ``root``, ends or passes outside of it.

    It counts as leading out, too, where that cannot be told: it has too many links, or is too long.
    """
    place: list[str] = []
    rest = list(reversed(path.parts))
    seen: set[tuple[tuple[str, ...], tuple[str, ...]]] = set()
    while rest:
        part = rest.pop()
        if part == "/" or (part == ".." and not place):
            return True
        if part == "..":
            place.pop()
            continue
        try:
            link = root.joinpath(*place, part).readlink()
        except OSError as error:
            if error.errno not in _NO_LINK:
                return True
            place.append(part)
            continue
        rest += reversed(link.parts)
        state = (tuple(place), tuple(rest))
        if state in seen:  # it leads to itself, and nowhere
            return False
        seen.add(state)
        if len(seen) > _MAX_LINKS:
            return True
    return False
