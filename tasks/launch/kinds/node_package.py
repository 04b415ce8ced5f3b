"""Node packages as `npm pack` makes them, which contain a start file that is already built.

The sources or dev dependencies that would build it are rarely in them: npm builds no package that
it installs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

_NEVER_PACKED = (
    ".gitignore",
    ".npmignore",
    ".npmrc",
    "package-lock.json",
    "pnpm-lock.yaml",
    "yarn.lock",
    "bun.lock",
    "bun.lockb",
)
"""Files that npm leaves out of every package: a tree with one of them is not a packed package."""
_PRODUCTS = frozenset({"build", "cjs", "dist", "esm", "lib", "out"})
"""Folders that builds write to, by custom."""
_ENDINGS = ("", ".js", ".mjs", ".cjs", "/index.js")
"""What Node tries after a name."""
_PATTERN = frozenset("*?[{!")


def built_entry(source: Path, manifest: Mapping[str, Any]) -> str:
    """Return the start file of a packed package; empty: it is none, or has to be built.

    It is the file that the `start` script names, else `main` or `bin`; these too where the script
    names a folder that was left out, as it starts the sources then. A tree with a lock file or
    a .gitignore is not a packed package, and neither is one without a folder that `files` lists.
    """
    if any((source / name).exists() for name in _NEVER_PACKED):
        return ""
    entry = _entry(source, manifest)
    listed = manifest.get("files")
    if not isinstance(listed, list):
        return entry if Path(entry).parts[:1] and Path(entry).parts[0] in _PRODUCTS else ""
    return entry if all((source / folder).is_dir() for folder in _folders(listed)) else ""


def _folders(listed: list[object]) -> Iterator[str]:
    """Yield the entries of ``files`` that are folders by their names; patterns are left out."""
    for entry in map(str, listed):
        path = entry.strip("/").removesuffix("/**")
        if path and not Path(path).suffix and not _PATTERN & set(path):
            yield path


def _entry(source: Path, manifest: Mapping[str, Any]) -> str:
    """Return the first existing start file, relative to ``source``."""
    start = str(manifest.get("scripts", {}).get("start", ""))
    main, programs = str(manifest.get("main", "")), _programs(manifest)
    words = start.split()
    names = words if words and not _names_left_out(source, words) else [main, *programs.values()]
    for name in names:
        stated = main if name == "." else programs.get(name, name)
        for ending in _ENDINGS:
            path = source / f"{stated}{ending}"
            if stated and _is_file_within(path, source):
                return str(path.relative_to(source))
    return ""


def _names_left_out(source: Path, words: Sequence[str]) -> bool:
    """Tell whether a command names a folder that is not in the package, e.g. its sources."""
    return any(
        "/" in word
        and re.fullmatch(r"[\w@-][\w.@-]*", folder := word.removeprefix("./").partition("/")[0])
        and not (source / folder).exists()
        for word in words
    )


def _is_file_within(path: Path, source: Path) -> bool:
    try:
        return path.is_file() and path.resolve().is_relative_to(source.resolve())
    except OSError:  # a word of a command that no file could be called
        return False


def _programs(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return the files of its programs, by their names."""
    programs = manifest.get("bin")
    if isinstance(programs, str):
        return {str(manifest.get("name", "")).rpartition("/")[2]: programs}
    named = programs if isinstance(programs, dict) else {}
    return {str(name): str(path) for name, path in named.items()}
