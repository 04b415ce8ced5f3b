"""What is asked for is found, refused with a remedy, and read at a glance."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tasks.errors import BadInputError
from tasks.estimates import Estimate
from tasks.ledger.expectations import Expectation
from tasks.observe.expected import ROWS_SHOWN, asked_key, beside, nothing_expected, summary, table

TRAINED = Expectation(
    "shell", Estimate("shop/ci/build", 4.0, 61.25, 9.5, 0.987, 50, "trained", 5.0, 70.0), 0.0
)
KEYS = ["flow/run", "flow/ship", "shop/ci/build", "shop/ci/test", "shop/tests/a.py::test_a"]


def quick(key: str) -> Expectation:
    """Build what history alone says of something quick."""
    return Expectation("shell", Estimate(key, 0.5, 0.5, n=1, source="history"))


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        (("flow/run", "", ""), "flow/run"),
        (("", "shop", ""), "shop"),
        (("", "shop", "ci"), "shop/ci"),
    ],
)
def test_a_key_or_a_project_with_its_workload_is_asked_for(
    arguments: tuple[str, str, str], key: str
) -> None:
    """Something else than what was named would be looked up."""
    assert asked_key(*arguments) == key


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("", "", ""), "key: names nothing"),
        (("", "", "ci"), "workload: needs a project"),
        (("flow/run", "shop", ""), "key: is given together with a project"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments: tuple[str, str, str], message: str) -> None:
    """One of two contradicting names would be ignored in silence."""
    with pytest.raises(BadInputError, match=message):
        asked_key(*arguments)


@pytest.mark.parametrize(
    ("arguments", "field", "meant"),
    [
        (("flow/shp", "", ""), "key", "flow/ship"),
        (("shop/ci/biuld", "", ""), "key", "shop/ci/build"),
        (("", "shpo", "ci"), "project", "shop"),
        (("", "shop", "test"), "workload", "tests"),
    ],
)
def test_what_is_unknown_is_refused_with_the_close_one(
    arguments: tuple[str, str, str], field: str, meant: str
) -> None:
    """A typo would look as if nothing had ever run."""
    error = nothing_expected(*arguments, KEYS)
    assert error.field == field
    assert "unknown; did you mean" in error.problem
    assert repr(meant) in error.problem
    assert error.remedy == "Run it once, or name what has run before."


def test_what_never_succeeded_is_not_called_unknown() -> None:
    """A reader would look for a typo where a step always fails."""
    assert nothing_expected("", "shop", "ci", KEYS).problem == "has never succeeded"
    assert nothing_expected("flow/run", "", "", KEYS).problem == "has never succeeded"


def test_a_project_that_has_not_run_is_not_called_unknown() -> None:
    """Broken: what is configured and serves is looked for as a typo."""
    error = nothing_expected("", "blog", "", KEYS, ["blog", "shop"])
    assert str(error) == "project: has no history yet (got 'blog'). Run one of its workloads."


def test_nothing_is_advised_that_needs_train_first() -> None:
    """Broken: who follows the advice is refused again, as flows are known only after `train`."""
    with pytest.raises(BadInputError) as refused:
        asked_key("", "", "")
    assert "flow/" not in refused.value.remedy
    untrained = nothing_expected("flow/run", "", "", ["shop/ci/build"])
    assert untrained.remedy == "Run it once, then `train`, which learns how long flows take."


def test_near_matches_are_of_the_deepest_known_folder() -> None:
    """Ten thousand tests would be listed where a project was misspelt."""
    assert beside("shop/ci/pack", KEYS) == ["shop/ci/build", "shop/ci/test"]
    assert beside("shop/x/pack", KEYS) == ["shop/ci", "shop/tests"]
    assert beside("x/y", KEYS) == ["flow", "shop"]
    assert beside("x", []) == []


def test_the_table_has_all_that_was_published() -> None:
    """Somebody would reckon with a percentile of unknown origin."""
    (row,) = table([TRAINED])
    assert row == {
        "key": "shop/ci/build",
        "on": "shell",
        "p50 (s)": 4.0,
        "p80 (s)": 5.0,
        "p90 (s)": 61.25,
        "p95 (s)": 70.0,
        "memory (MiB)": 9.5,
        "succeeds (%)": 98.7,
        "runs": 50,
        "source": "trained",
        "rule": "",
        "why it fails": "",
        "published (UTC)": "1970-01-01 00:00:00",
    }


def test_what_is_not_known_stays_empty() -> None:
    """A missing percentile or memory would read as none needed."""
    (row,) = table([quick("flow/run")])
    assert (row["p80 (s)"], row["p95 (s)"], row["memory (MiB)"]) == (None, None, None)
    assert (row["source"], row["published (UTC)"]) == ("history", "")


def test_the_sentence_says_the_main_figure() -> None:
    """The state of the run would not answer the question."""
    assert summary("shop/ci/build", [TRAINED]) == (
        "shop/ci/build on shell takes 4.00 s, one time in ten more than 61.2 s, and succeeds 99% "
        "of the time (trained, 50 runs, published 1970-01-01 00:00:00 UTC)."
    )


def test_of_many_the_longest_come_first_and_the_rest_is_counted() -> None:
    """A suite of ten thousand tests would make an artifact that no browser opens."""
    many = [quick(f"shop/tests/{number}") for number in range(ROWS_SHOWN)]
    rows = table([*many, TRAINED])
    assert (rows[0]["key"], len(rows)) == ("shop/ci/build", ROWS_SHOWN)
    sentence = summary("shop", [*many, TRAINED])
    assert sentence.startswith(
        f"{ROWS_SHOWN + 1} estimates of shop, of which the longest {ROWS_SHOWN} are shown"
    )
    assert "the longest: shop/ci/build on shell takes 4.00 s" in sentence


def test_why_it_fails_is_said() -> None:
    """Who asks before a start would learn of the risk, and not what would lower it."""
    why = "fails 40% of the time: streak of key 3 (+20%); 2 x the memory would leave 10%"
    risky = Expectation("shell", replace(TRAINED.estimate, success=0.6, rule="forest", why=why))
    assert summary("shop/ci/build", [risky]).endswith(f" It {why}.")
    (row,) = table([risky])
    assert (row["rule"], row["why it fails"]) == ("forest", why)
