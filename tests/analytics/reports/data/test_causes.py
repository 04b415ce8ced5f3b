"""What a failure said, without what must not be passed on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.reports.data.causes import MAX_CAUSE_LENGTH, cause, cause_kind

SECRET = "s3cr3t-V4lue"


@pytest.mark.parametrize(
    "message",
    [
        f"cannot connect to postgresql://me:{SECRET}@db.example.org/shop",
        f"https://{SECRET}@example.org/x.git not found",
        f"password={SECRET} is wrong",
        f"DB_PASSWORD: '{SECRET}'",
        f'{{"api_key": "{SECRET}"}}',
        f"AWS_SECRET_ACCESS_KEY={SECRET}, region=eu",
        f"401 for Authorization: Bearer {SECRET}",
        f"--token={SECRET} refused",
        f"secret_key={SECRET}",
        f"PREFECT_API_AUTH_STRING=admin:{SECRET}",
        "key AKIA1234567890abcdefGHIJKLmnop is not known",
    ],
)
def test_secrets_are_left_out(message: str) -> None:
    """Whoever gets the report could use them."""
    shortened = cause(message)
    assert SECRET not in shortened
    assert "AKIA1234567890abcdefGHIJKLmnop" not in shortened
    assert "***" in shortened


@pytest.mark.parametrize(
    "message",
    [
        "exit code 2",
        "it ran longer than 600 s",
        "tests/test_shop.py::test_basket failed: 3 != 4",
        "no author is known: the token is expired",
        "test_basket_with_2_items_and_a_voucher_of_10_percent failed",
    ],
)
def test_what_is_no_secret_stays(message: str) -> None:
    """Nobody could tell why it failed."""
    assert cause(message) == message


def test_only_the_first_line_and_not_all_of_it() -> None:
    """A stack trace would fill the page."""
    assert cause("\n\n  first\nsecond") == "first"
    assert len(cause("word " * 1000)) == MAX_CAUSE_LENGTH
    assert cause("") == ""


def test_causes_that_differ_in_numbers_are_one() -> None:
    """A hundred time-outs would be a hundred reasons."""
    first, other = "port 8080 of 0x7f3a is held by 4711", "port 8081 of 0x1b is held by 12"
    assert cause_kind(first) == cause_kind(other)
    assert cause_kind("no disk") != cause_kind("no memory")


@given(st.text(max_size=4000))
def test_any_text_is_read(message: str) -> None:
    """A strange message would break all reports."""
    shortened = cause(message)
    assert len(shortened) <= MAX_CAUSE_LENGTH
    assert "\n" not in shortened
    cause_kind(shortened)
