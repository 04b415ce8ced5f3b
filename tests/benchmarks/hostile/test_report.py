"""What is judged of the attacks."""

from __future__ import annotations

import pytest

from benchmarks.hostile.report import Verdicts


@pytest.mark.parametrize("name", ["taken", "unexplained", "leaked", "left", "broken"])
def test_each_wrong_misses_its_bar_and_is_shown(name: str) -> None:
    """Broken: `--check` succeeds though something was let in, shown, or left behind."""
    verdicts = Verdicts()
    verdicts.asked["launch"] = 300
    assert all(bar.met for bar in verdicts.bars(300).values())
    getattr(verdicts, name).append("an attack")
    assert [bar.met for bar in verdicts.bars(300).values()].count(False) == 1
    assert "an attack" in verdicts.lines()[-1]


def test_too_few_attacks_prove_nothing() -> None:
    """Broken: a schema that nobody can read makes no attack, and so a success."""
    assert not Verdicts().bars(1)["attacks"].met
