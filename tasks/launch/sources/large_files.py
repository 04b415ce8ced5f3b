"""Git LFS pointers in a source: the content of each is fetched, or the source is refused."""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from blocks.redaction import without_user
from tasks.errors import BadInputError, shortened
from tasks.launch.sources import git

_START = re.compile(rb"version https://git-lfs\.github\.com/spec/v1\r?\n")
_OBJECT = re.compile(rb"^oid sha256:([0-9a-f]{64})\r?$", re.MULTILINE)
_MAX_POINTER_BYTES = 1024
"""A pointer is shorter, by the specification of Git LFS."""
_ERROR_CHARACTERS = 600
_INSTALL = "apt-get install git-lfs (macOS: brew install git-lfs)"


@dataclass(frozen=True, slots=True)
class Pointers:
    """The pointers below ``tree``, of ``commit`` in the repository at ``objects``.

    ``address`` is where their content is fetched from. ``ours`` tells that the repository was made
    for this build, so that objects may be fetched into it.
    """

    field: str
    objects: Path
    address: str
    tree: Path
    commit: str
    ours: bool = False

    def resolve(
        self, names: Sequence[str], attributes: Sequence[str], variables: Mapping[str, str]
    ) -> None:
        """Replace the pointers among ``names`` by their content.

        ``attributes`` and ``variables`` are the arguments and environment of `git check-attr`.

        Raises:
            BadInputError: The content of one cannot be fetched.
        """
        pointers = self._tracked(
            [name for name in names if is_pointer(self.tree / name)], attributes, variables
        )
        lacking = [name for name in pointers if not self._from_disk(name)]
        if not lacking:
            return
        if shutil.which("git-lfs") is None:
            problem = f"is one of {len(lacking)} files that are pointers of Git LFS, which is not"
            raise BadInputError(
                self.field, lacking[0], f"{problem} installed", f"Install it with: {_INSTALL}."
            )
        if self.ours:
            git.ask(f"--git-dir={self.objects}", "lfs", "fetch", "origin", self.commit, online=True)
            lacking = [name for name in lacking if not self._from_disk(name)]
        for name in lacking:
            self._from_server(name)

    def _tracked(
        self, names: Sequence[str], attributes: Sequence[str], variables: Mapping[str, str]
    ) -> list[str]:
        """Return the files that Git LFS manages: a text about it may look like a pointer."""
        if not names:
            return []
        names_bytes = "".join(f"{name}\0" for name in names).encode(errors="surrogateescape")
        cached = ["--cached"] if variables else []
        arguments = [*attributes, "check-attr", "-z", *cached, "--stdin", "filter"]
        answer = git.read(
            self.field, self.commit, *arguments, variables=variables, stdin=names_bytes
        )
        parts = answer.output.decode(errors="surrogateescape").split("\0")
        return [parts[index] for index in range(0, len(parts) - 2, 3) if parts[index + 2] == "lfs"]

    def _from_disk(self, name: str) -> bool:
        path = self.tree / name
        oid = _oid(path.read_bytes())
        stored = self.objects / "lfs" / "objects" / oid[:2] / oid[2:4] / oid
        if not stored.is_file() or _digest(stored) != oid:
            return False  # a damaged object may be intact on the server
        shutil.copyfile(stored, path)
        return True

    def _from_server(self, name: str) -> None:
        path = self.tree / name
        pointer = path.read_bytes()
        with tempfile.TemporaryDirectory(dir=self.tree.parent) as aside:
            git_options = (f"--git-dir={aside}", "-c", f"remote.origin.url={self.address}")
            git.read(self.field, self.address, "init", "--quiet", "--bare", aside)
            lfs_url = git.ask("config", "--file", str(self.tree / ".lfsconfig"), "lfs.url").line
            url_option = ("-c", f"lfs.url={lfs_url}") if lfs_url else ()
            answer = git.ask(
                *git_options, *url_option, "lfs", "smudge", "--", name, stdin=pointer, online=True
            )
        if hashlib.sha256(answer.output).hexdigest() != _oid(pointer):
            error_text = " ".join(without_user(answer.error_text).split())
            problem = f"is a pointer of Git LFS whose content cannot be had ({shortened(error_text, _ERROR_CHARACTERS)})"
            raise BadInputError(
                self.field, name, problem, "Try: git lfs fetch --all, git lfs pull."
            )
        path.write_bytes(answer.output)


def is_pointer(path: Path) -> bool:
    """Tell whether the file at ``path`` looks like a pointer."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size > _MAX_POINTER_BYTES:
        return False
    content = path.read_bytes()
    return bool(_START.match(content)) and bool(_oid(content))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _oid(pointer: bytes) -> str:
    match = _OBJECT.search(pointer)
    return match[1].decode() if match else ""
