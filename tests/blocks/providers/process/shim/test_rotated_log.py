"""Tests of the rotated log: it keeps the newest output within its bound."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from blocks.providers.process.shim.rotated_log import RotatedLog


@given(st.lists(st.binary(max_size=50)), st.integers(1, 20), st.integers(1, 4))
def test_the_newest_bytes_are_kept_within_the_bound(
    pieces: list[bytes], limit: int, files: int
) -> None:
    """Broken: a log would fill the disk, or lose what was said last."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log"
        log = RotatedLog(str(path), limit, files)
        for piece in pieces:
            log.write(piece)
        log.close()
        older = [path.with_name(f"log.{number}") for number in range(files, 0, -1)]
        kept = [file.read_bytes() for file in [*older, path] if file.exists()]
    content = b"".join(pieces)
    assert content.endswith(b"".join(kept))
    assert len(kept) <= files
    assert all(len(file) <= limit for file in kept)
    assert len(b"".join(kept)) >= min(len(content), limit * (files - 1))


def test_it_goes_on_where_it_ended(tmp_path: Path) -> None:
    """Broken: opening a log again would lose what it holds."""
    for text in (b"one\n", b"two\n"):
        log = RotatedLog(str(tmp_path / "log"), 100, 1)
        log.write(text)
        log.close()
    assert (tmp_path / "log").read_text() == "one\ntwo\n"
