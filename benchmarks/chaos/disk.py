"""A small file system in memory for the home, which a campaign fills up."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SIZE_MIB = 1536


@contextmanager
def own_disk(folder: Path) -> Iterator[str]:
    """Mount one at ``folder``; give why that is not possible, empty if it is."""
    folder.mkdir(parents=True)
    if sys.platform != "linux" or os.getuid() != 0:
        yield "a full disk needs a file system of its own, which only root on Linux can mount"
        return
    options = f"size={SIZE_MIB}m,mode=700"
    mounted = _run("mount", "-t", "tmpfs", "-o", options, "slipway-chaos", str(folder))
    if mounted:
        yield f"a full disk needs a file system of its own: {mounted}"
        return
    try:
        yield ""
    finally:
        _run("umount", "--lazy", str(folder))


def _run(*argv: str) -> str:
    """Run a command; return its error output, empty if it succeeded."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        return str(error)
    return "" if done.returncode == 0 else done.stderr.strip() or f"{argv[0]} failed"
