"""Tests of the words for the end of a run and its cause."""

from __future__ import annotations

from blocks.providers.process.shim.verdict import verdict, with_survivors


def test_each_end_has_its_cause() -> None:
    """Broken: nobody could tell a crash from a stop or a limit."""
    assert verdict("", 0, None, None) == ("succeeded", "")
    assert verdict("", -11, None, None) == ("failed", "ended by SIGSEGV")
    assert verdict("preempted", 0, None, None) == ("preempted", "stopped")
    assert verdict("timed out", None, 2.5, None) == ("timed out", "took longer than 2.5 s")
    assert verdict("out of memory", None, None, 64) == ("out of memory", "used more than 64 MiB")


def test_what_survived_is_named() -> None:
    """Broken: processes would be left behind without a word."""
    assert with_survivors("stopped", (7, 8)) == "stopped; could not be ended: 7, 8"
    assert with_survivors("", (7,)) == "could not be ended: 7"
    assert with_survivors("stopped", ()) == "stopped"
