"""Tests of error messages: short, whole sentences, with the closest name first."""

from __future__ import annotations

from tasks.errors import BadInputError, NotFoundError


def test_field_value_and_remedy_are_one_sentence_each() -> None:
    """Broken: the remedy runs into what follows it, or nobody sees which value was meant."""
    error = BadInputError("version", "v9", "no such tag", "Name another")
    assert str(error) == "version: no such tag (got 'v9'). Name another."
    assert str(BadInputError("a", 1, "b", "Did you mean 'c'?")).endswith("Did you mean 'c'?")


def test_a_value_of_any_size_leaves_the_message_readable() -> None:
    """Broken: a whole document stands between the problem and the remedy."""
    assert len(str(BadInputError("file", "x" * 100_000, "too long", "Shorten it"))) < 300


def test_of_many_names_the_close_one_is_seen() -> None:
    """Broken: the one name that was meant is lost among hundreds."""
    names = [f"project-{number:03}" for number in range(300)]
    error = NotFoundError("project", "projct-217", names, "Create it")
    assert "did you mean 'project-217'?" in str(error)
    assert str(error).endswith("and 288 more (got 'projct-217'). Create it.")
    assert len(error.known) == 300


def test_an_error_may_be_told_from_further_out() -> None:
    """Broken: a workload is refused, and of twenty projects nobody knows whose."""
    error = BadInputError("workloads.w", "x", "wrong", "Mend it").below("projects.shop")
    assert str(error) == "projects.shop.workloads.w: wrong (got 'x'). Mend it."


def test_no_message_moves_a_cursor_or_hides_text() -> None:
    """Broken: what a build tool or a file said clears the terminal of who reads it."""
    message = str(BadInputError("a\x1b[31m", "x\x07", "b\x1b[2J\r\nc\rd\u202e", "e\x9b"))
    assert message == "a: b\nc\\rd\\u202e (got 'x\\x07'). e\\x9b."


def test_a_value_of_any_depth_leaves_the_message_readable() -> None:
    """Broken: nested aliases make a message of 20,000 characters."""
    value: object = "x" * 50
    for _ in range(6):
        value = [value] * 6
    assert len(str(BadInputError("file", value, "p" * 10_000, "Shorten it"))) < 2500
