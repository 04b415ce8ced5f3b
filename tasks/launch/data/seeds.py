"""Seeds: files that a release brings at the paths of kept data, which they fill only once."""

from __future__ import annotations

import filecmp
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from blocks.tree import walk

_NAMES_SHOWN = 3


def renewed(former: Path, source: Path, paths: Iterable[str]) -> tuple[str, ...]:
    """Return the files below ``paths`` of ``source`` that ``former`` lacks or has otherwise."""
    return tuple(name for name in _files(source, paths) if not _same(source / name, former / name))


def hidden(source: Path, kept_folder: Path, names: Iterable[str]) -> list[str]:
    """Return the files of ``source`` in whose place another file is kept, or none."""
    return [
        name
        for name in names
        if (source / name).is_file() and not _same(source / name, kept_folder / name)
    ]


def hidden_sentence(project: str, names: Sequence[str], source: Path, kept_folder: Path) -> str:
    """Return a sentence on files of a release that its services do not see, and what to do."""
    listed = ", ".join(names[:_NAMES_SHOWN])
    more = f" and {len(names) - _NAMES_SHOWN} more" if names[_NAMES_SHOWN:] else ""
    return (
        f"This release of {project} brings other contents of {listed}{more} than the one before, "
        f"which its services do not see: what is kept by `data` counts. The new ones lie in "
        f"{source}, what is kept in {kept_folder}: copy what you need."
    )


def _files(source: Path, paths: Iterable[str]) -> Iterator[str]:
    """Yield the plain files below ``paths``, relative to ``source``."""
    for top in paths:
        if (source / top).is_file() and not (source / top).is_symlink():
            yield top
        for folder, folders, files in walk(source / top):
            folders.sort()
            plain = (Path(folder, name) for name in sorted(files))
            yield from (str(path.relative_to(source)) for path in plain if not path.is_symlink())


def _same(path: Path, other: Path) -> bool:
    return other.is_file() and filecmp.cmp(path, other, shallow=False)
