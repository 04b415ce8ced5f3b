"""What stands for `{matrix.<name>}` and `{item}`."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from tasks.errors import BadInputError
from tasks.placeholder import fill_item, fill_matrix, refuse_quoted_item


def test_a_matrix_fills_what_it_has_and_leaves_the_shell_its_own() -> None:
    """A variable of the shell would be replaced, or a combination run with a placeholder."""
    values: dict[str, str | int | bool] = {"python": "3.11", "debug": True}
    filled = fill_matrix("run", "{matrix.python} ${matrix.python} {matrix.debug} {item}", values)
    assert filled == "3.11 ${matrix.python} true {item}"


@pytest.mark.parametrize(
    ("values", "known"), [({"os": "x", "cc": "y"}, "The matrix has os, cc"), ({}, "no matrix")]
)
def test_an_unknown_name_is_refused_with_those_there_are(
    values: dict[str, str], known: str
) -> None:
    """A typo would reach the command."""
    with pytest.raises(BadInputError, match=r"names \{matrix\.oss\}, which is not known") as error:
        fill_matrix("steps.a.run", "cc {matrix.oss}", values)
    assert known in error.value.remedy


ITEM: JsonValue = {"name": "a b", "deep": {"n": 3}, "list": [1]}


def test_an_item_or_a_part_of_it_is_one_word_of_the_shell() -> None:
    """A name with a space would become two."""
    line = "do {item.name} {item.deep.n} {item.list} ${item}"
    assert fill_item("run", line, ITEM, quote=True) == "do 'a b' 3 '[1]' ${item}"
    assert fill_item("run", "{item.name}", ITEM, quote=False) == "a b"


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12))
@pytest.mark.integration  # a shell for each example
def test_whatever_an_item_holds_the_shell_takes_it_literally(item: str) -> None:
    """The output of one step would be executed by the next."""
    line = fill_item("run", "printf %s {item}", item, quote=True)
    done = subprocess.run(["sh", "-c", line], capture_output=True, check=True)
    assert done.stdout.decode() == item


@pytest.mark.parametrize(
    ("text", "item", "problem"),
    [
        ("{item.gone}", ITEM, r"names \{item\.gone\}, which .* does not have"),
        ("{item.name}", "plain", r"names \{item\.name\}, which plain does not have"),
        ("{item}", "a\0b", "NUL"),
    ],
)
def test_what_an_item_does_not_have_is_named(text: str, item: JsonValue, problem: str) -> None:
    """The step would run on nothing."""
    with pytest.raises(BadInputError, match=problem):
        fill_item("run", text, item, quote=True)


@pytest.mark.parametrize(
    "line",
    ['echo "{item}"', "echo '{item}'", "echo `ls {item}`", 'x "a\\"{item}"', "cat <<E\n{item}\nE"],
)
def test_where_quoting_does_not_hold_it_is_refused(line: str) -> None:
    """An item such as `$(rm -rf .)` would be executed."""
    with pytest.raises(BadInputError, match="between quotes or in a here-document"):
        refuse_quoted_item("run", line)


@pytest.mark.parametrize("line", ["echo {item}", "a 'b' {item} \"c\"", 'x "${item}"', r"\" {item}"])
def test_outside_of_quotes_it_may_stand(line: str) -> None:
    """A sound command would be refused."""
    refuse_quoted_item("run", line)
