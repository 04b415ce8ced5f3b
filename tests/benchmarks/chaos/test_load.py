"""What the processes of the load have written down is read as they meant it."""

from __future__ import annotations

from pathlib import Path

from benchmarks.chaos.load import answers


def test_all_processes_are_counted_and_only_whole_lines(tmp_path: Path) -> None:
    """A write that was acknowledged would be missed, or half a number be looked for."""
    (tmp_path / "0.acks").write_text("0\n4\n8")
    (tmp_path / "1.acks").write_text("1\n")
    (tmp_path / "0.failures").write_text("12.5 POST 8: ConnectionResetError()\n13.5 GET 1")
    read = answers(tmp_path)
    assert sorted(read.acknowledged) == [0, 1, 4]
    assert read.failures == ((12.5, "POST 8: ConnectionResetError()"),)
    assert read.requests == 7
