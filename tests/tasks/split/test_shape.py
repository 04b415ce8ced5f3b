"""The critical-path analysis as users read it."""

from __future__ import annotations

from tasks.split.analysis import Analysis, analyse
from tasks.split.shape import shape_lines
from tests.tasks.split.test_analysis import DIAMOND, SECONDS, graph_of


def text(analysis: Analysis, with_history: int) -> str:
    """The lines as one text."""
    return "\n".join(shape_lines(analysis, with_history))


def test_the_figures_are_told_in_short() -> None:
    """A user would have to work out by hand what more providers could gain."""
    lines = text(analyse(DIAMOND, SECONDS), 4)
    assert "| 5 | 5 | 12.0 s | 7.0 s | 1.7 | 3 |" in lines
    assert "- critical path: a → b → d" in lines
    assert "- slack: 3 of 5 steps have none; the most have e 4.0 s, c 3.0 s" in lines
    assert "(up to 3; half of the time 1 or more)" in lines
    assert "`▆▆▆▆▆███" in lines
    assert "could be left out, as others imply them: d needs a" in lines
    assert "- 1 of 5 durations are assumed: no history yet" in lines


def test_a_chain_has_no_slack_and_nothing_superfluous() -> None:
    """Lines would be shown that say nothing."""
    names = "abcdefghijklmnop"
    chain = graph_of(**{name: names[max(0, n - 1) : n] for n, name in enumerate(names)})
    lines = text(analyse(chain, dict.fromkeys(names, 3600.0)), len(names))
    assert "| 16 | 15 | 16.0 h | 16.0 h | 1.0 | 1 |" in lines
    assert "- slack: none; each step delays the whole" in lines
    assert "f → (4 more) → k" in lines
    assert "left out" not in lines
    assert "assumed" not in lines
