"""Keys and descriptions of artifacts."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.artifact import MAX_DESCRIPTION, MAX_KEY, artifact_key, one_line

NAMES = st.text(max_size=120)
PLAIN = st.from_regex(r"[a-c]{1,2}(-[a-c]{1,2}){0,2}", fullmatch=True)


@pytest.mark.parametrize(
    ("parts", "key"),
    [
        (("ship", "guestbook", "dev"), "ship-guestbook-dev"),
        (("plan-chart", "guestbook", "tests"), "plan-chart-guestbook-tests"),
        (("ship", "my-shop", "dev"), "ship--my-shop--dev"),
        (("status",), "status"),
        (("status", "", ""), "status"),
        (("status", "guestbook", ""), "status-guestbook"),
        (("status", "", "dev"), "status--dev"),
    ],
)
def test_a_key_says_what_it_is_about(parts: tuple[str, ...], key: str) -> None:
    """A user would not find the artifacts of a project in the list of keys."""
    assert artifact_key(*parts) == key


@given(st.tuples(NAMES, NAMES))
def test_prefect_accepts_every_key(names: tuple[str, str]) -> None:
    """A workload of a strange name would fail when it shows its plan."""
    key = artifact_key("plan", *names)
    assert re.fullmatch(r"[a-z0-9-]+", key)
    assert len(key) <= MAX_KEY


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("a", "b-c"), ("a-b", "c")),
        (("shop", "Web"), ("shop", "web")),
        (("shop", "web_1"), ("shop", "web.1")),
        (("shop", "тесты"), ("shop", "задачи")),
        (("a" * 100, "b" * 100), ("a" * 100, "b" * 99)),
        (("shop", ""), ("", "shop")),
    ],
)
def test_different_names_have_different_keys(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    """The page of a key would mix the artifacts of two projects."""
    assert artifact_key("address", *one) != artifact_key("front", *other)


@given(st.tuples(PLAIN, PLAIN), st.tuples(PLAIN, PLAIN))
def test_names_of_blocks_never_share_a_key(one: tuple[str, str], other: tuple[str, str]) -> None:
    """Projects and environments with dashes could be joined to the same key."""
    assert (artifact_key("ship", *one) == artifact_key("ship", *other)) == (one == other)


def test_a_description_is_one_short_line() -> None:
    """A plan with fifty steps would fill the page of its key."""
    assert one_line("**3 steps**\n\n- on local") == "**3 steps** - on local"
    cut = one_line("word " * 100)
    assert len(cut) == MAX_DESCRIPTION
    assert cut.endswith("…")
