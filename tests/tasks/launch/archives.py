"""Archives for tests."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path


def tar_of(path: Path, **files: str) -> Path:
    """Make a .tar.gz of text files; a value that starts with -> is a symbolic link."""
    with tarfile.open(path, "w:gz", errors="surrogateescape") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name.replace("__", "/"))
            if text.startswith("->"):
                member.type, member.linkname = tarfile.SYMTYPE, text[2:]
                archive.addfile(member)
            else:
                member.size, member.mode = len(text), 0o755
                archive.addfile(member, io.BytesIO(text.encode()))
    return path
