"""The files of a source tree that globs name, with a digest of each."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from blocks import tree
from tasks.errors import BadInputError

NEVER_INPUTS = frozenset({".git", "__pycache__", "node_modules"})
"""Folders whose files no glob matches: tools write them."""
_DIGEST_CHARACTERS = 32
_CHUNK_BYTES = 1 << 20


class SourceFiles:
    """The files below ``root``; they are listed once, and each is read once at most."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._names: list[str] | None = None
        self._digests: dict[str, str] = {}

    def matching(self, field: str, globs: Sequence[str]) -> dict[str, str]:
        """Return the digest of each file that one of ``globs`` matches, by its relative name.

        Raises:
            BadInputError: One matches nothing; ``field`` says where it stands.
        """
        names: set[str] = set()
        for glob in globs:
            pattern = _pattern(glob)
            matches = [name for name in self._all() if pattern.fullmatch(name)]
            if not matches:
                raise self._nothing(field, glob)
            for name in matches:
                self._refuse_link(field, name)
            names.update(matches)
        return {name: self._digest(name) for name in sorted(names)}

    def _refuse_link(self, field: str, name: str) -> None:
        """Refuse a link to what is not counted: a folder, or what lies outside of the source."""
        path = self._root / name
        if not path.is_symlink():
            return
        try:
            place = path.resolve(strict=True)
        except (OSError, RuntimeError):  # it leads nowhere, and counts as it is
            return
        if not place.is_relative_to(self._root.resolve()):
            remedy = "Copy what it leads to into the source, or leave the link out"
            raise BadInputError(field, name, "is a link that leads out of the source", remedy)
        if place.is_dir():
            remedy = "Name the files in the folder itself, e.g. src/**"
            raise BadInputError(field, name, "is a link to a folder", remedy)

    def _nothing(self, field: str, glob: str) -> BadInputError:
        if (self._root / glob).is_dir():
            remedy = f"Write {glob.rstrip('/')}/** for all files in it"
            return BadInputError(field, glob, "is a folder, not a file", remedy)
        remedy = "Name files of the source, e.g. src/**/*.py, or leave the glob out"
        return BadInputError(field, glob, "matches no file of the release", remedy)

    def _all(self) -> list[str]:
        if self._names is None:
            self._names = []
            for folder, folders, files in tree.walk(self._root, tree.raise_error):
                folders[:] = [name for name in folders if name not in NEVER_INPUTS]
                links = [name for name in folders if (Path(folder) / name).is_symlink()]
                prefix = os.path.relpath(folder, self._root)
                below = "" if prefix == "." else f"{prefix}/"
                self._names += [f"{below}{name}" for name in (*files, *links)]
        return self._names

    def _digest(self, name: str) -> str:
        if name not in self._digests:
            self._digests[name] = self._digest_of(self._root / name)
        return self._digests[name]

    def _digest_of(self, path: Path) -> str:
        """Return a digest of content and mode; of a link also of its text."""
        digest = hashlib.sha256()
        if path.is_symlink():
            digest.update(os.fsencode(f"link {path.readlink()} "))
        if self._is_own_file(path):
            digest.update(f"file {os.access(path, os.X_OK)} ".encode())
            with path.open("rb") as file:
                while content := file.read(_CHUNK_BYTES):
                    digest.update(content)
        return digest.hexdigest()[:_DIGEST_CHARACTERS]

    def _is_own_file(self, path: Path) -> bool:
        """Tell whether ``path`` is a file of this tree; a link may lead anywhere, or in a circle."""
        try:
            place = path.resolve(strict=True)
        except (OSError, RuntimeError):
            return False
        return place.is_file() and place.is_relative_to(self._root.resolve())


@cache
def _pattern(glob: str) -> re.Pattern[str]:
    """Return the pattern of a glob: `*` and `?` stay within a folder, `**` goes through all."""
    parts = glob.removeprefix("./").split("/")
    text = ""
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        if part == "**":
            text += ".+" if last else "(?:[^/]+/)*"
        else:
            text += _part(part) + ("" if last else "/")
    return re.compile(text, re.DOTALL)


def _part(part: str) -> str:
    wildcards = {"*": "[^/]*", "?": "[^/]"}
    return "".join(wildcards.get(character) or re.escape(character) for character in part)
