"""The table of all that runs can be read at a glance."""

from __future__ import annotations

from dataclasses import replace

from tasks.ledger.insights import RaisedInsight
from tasks.observe.report import alerts, summary, table
from tasks.observe.status import StatusRow

SERVING = StatusRow(
    "shop",
    "web",
    "prod",
    "running",
    20001,
    "http://127.0.0.1:8300",
    "0123456789abcdef",
    "1.1.0",
    uptime_seconds=4000.4,
    cpu_percent=2.4,
    memory_mib=61.44,
    health="ok",
)
DOWN = StatusRow("shop", "jobs", "prod", "down: exit code 1", None, "", "0123456789abcdef", "1.1.0")


def test_figures_have_units_and_no_needless_digits() -> None:
    """A reader would have to turn 4000.4 into an hour, and to guess what 61.44 is."""
    (row,) = table([SERVING])
    figures = [row[name] for name in ("uptime", "CPU", "memory", "release")]
    assert figures == ["1 h 6 min", "2 %", "61 MiB", "1.1.0 (0123456)"]


def test_what_tells_trouble_comes_before_what_may_be_cut_off() -> None:
    """The artifact shows about eight columns; health would stand outside the screen."""
    columns = list(table([SERVING])[0])
    place = ["project", "environment", "service"]
    assert columns[:7] == [*place, "state", "health", "differs", "release"]
    assert columns[-1] == "URL"


def test_what_is_not_known_stays_empty() -> None:
    """A None or a zero would read like a measurement."""
    (row,) = table([DOWN])
    assert {row[name] for name in ("port", "uptime", "CPU", "memory", "URL")} == {""}


def test_the_sentence_names_what_is_not_well() -> None:
    """Whoever is called at night would have to search the table."""
    assert summary([]) == "Nothing runs."
    assert summary([SERVING]) == "1 instance, all well."
    expected = "2 instances; not well: shop/prod/jobs (down: exit code 1)."
    assert summary([SERVING, DOWN]) == expected
    slow = replace(SERVING, state="warm", health="no answer within 5 s")
    assert "(warm: no answer within 5 s)" in summary([slow])


def test_the_sentence_says_what_is_configured_otherwise_and_what_applies_it() -> None:
    """A change that was never launched would look as if it held."""
    changed = replace(SERVING, differs=("command", "variables.DEBUG"))
    expected = (
        "1 instance, all well. Configured otherwise: shop/prod/web (command, variables.DEBUG); "
    )
    assert summary([changed, changed]).replace("2 instances", "1 instance") == (
        expected + "`launch` applies it."
    )
    absent = replace(DOWN, state="not launched", differs=("service",))
    assert summary([absent]).startswith("0 instances, all well. Configured otherwise: ")


def test_what_nobody_keeps_is_said_of_the_place_that_was_asked_for() -> None:
    """A status reads `all well` while nothing is backed up."""
    insights = [
        RaisedInsight(*("backup", "shop/dev", "critical", "", "nothing", 0.0, 0.0, 0.0)),
        RaisedInsight(*("data", "paper/prod", "warning", "", "writes", 0.0, 0.0, 0.0)),
        RaisedInsight(*("regression", "shop/tests", "warning", "", "slow", 0.0, 0.0, 0.0)),
    ]
    assert len(alerts(insights, None, None)) == 2
    assert alerts(insights, "shop", None) == ["shop/dev (backup): nothing"]
    assert alerts(insights, None, "prod") == ["paper/prod (data): writes"]
    assert alerts(insights, "shop", "prod") == []
