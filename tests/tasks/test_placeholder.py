"""Tests of the placeholders `{matrix.<name>}` and `{item}`."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from tasks.errors import BadInputError
from tasks.placeholder import fill_item, fill_matrix, refuse_unsafe_item


def test_a_matrix_fills_what_it_has_and_leaves_the_shell_its_own() -> None:
    """A variable of the shell would be replaced, or a combination run with a placeholder."""
    values: dict[str, str | int | bool] = {"python": "3.11", "debug": True}
    filled = fill_matrix("run", "{matrix.python} ${matrix.python} {matrix.debug} {item}", values)
    assert filled == "3.11 ${matrix.python} true {item}"


@pytest.mark.parametrize(
    ("values", "named"), [({"os": "x", "cc": "y"}, "The matrix has os, cc"), ({}, "no matrix")]
)
def test_an_unknown_name_is_refused_with_those_there_are(
    values: dict[str, str], named: str
) -> None:
    """A typo would reach the command."""
    with pytest.raises(BadInputError, match=r"names \{matrix\.oss\}, which is not known") as error:
        fill_matrix("steps.a.run", "cc {matrix.oss}", values)
    assert named in error.value.remedy


ITEM: JsonValue = {"name": "a b", "deep": {"n": 3}, "list": [1]}
HOSTILE = ["'; touch canary; '", '"; touch canary; "', "$(touch canary)", "`touch canary`",
           "\n touch canary\n", "it's", "a\\", "# x", "*", "-n", ""]  # fmt: skip
ITEMS = st.sampled_from(HOSTILE) | st.lists(
    st.sampled_from(["'", '"', "`", "\\", "$(touch canary)", "\n", ";", " ", "#", "é", "*"])
).map("".join)


def output(argv: Sequence[str], folder: Path) -> str:
    """Return what a command writes."""
    done = subprocess.run(argv, cwd=folder, capture_output=True, check=False)
    return done.stdout.decode(errors="surrogateescape")


def test_an_item_or_a_part_of_it_is_one_word() -> None:
    """A name with a space would become two, or reach a program in quotes."""
    assert fill_item("run", ["do", "--f={item.name}", "{item.list}", "${item}"], ITEM) == (
        *("do", "--f=a b", "[1]", "${item}"),
    )


@pytest.mark.parametrize(
    "spelling",
    [
        *(("sh", "-c"), ("bash", "-c"), ("dash", "-c"), ("sh", "-ec"), ("sh", "-xc")),
        *(("/bin/sh", "-e", "-c"), ("bash", "-euo", "pipefail", "-c"), ("sh", "-c", "-e")),
        *(("env", "sh", "-c"), ("/usr/bin/env", "A=1", "bash", "-lc"), ("env", "-i", "sh", "-c")),
        *(("bash", "--norc", "-O", "extglob", "-c"), ("sh", "-c", "--"), ("nice", "sh", "-uc")),
    ],
    ids=" ".join,
)
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(item=ITEMS)
@pytest.mark.integration  # a shell for each example
def test_whatever_an_item_holds_each_shell_takes_it_literally(
    tmp_path: Path, spelling: tuple[str, ...], item: str
) -> None:
    """The output of one step would be executed by the next."""
    for line in (
        "printf %s {item}",
        "# it's a comment\nprintf %s {item} # isn't it",
        "f() { printf %s {item}; }; set -- x; f y",
        'x={item}; printf %s "$x"',
    ):
        assert output(fill_item("run", [*spelling, line], item), tmp_path) == item
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("shell", ["sh", "bash", "dash"])
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    before=st.lists(st.sampled_from(["'", '"', "`", "\\", "#", "$'", " ", "\n", "x", "$(", ")"])),
    after=st.lists(st.sampled_from(["'", '"', "`", "\\", " ", "\n", ")"])),
    item=st.sampled_from(HOSTILE),
)
@pytest.mark.integration
def test_however_a_text_is_quoted_no_item_is_executed(
    tmp_path: Path, shell: str, before: list[str], after: list[str], item: str
) -> None:
    """An apostrophe in a comment turns what is inside of quotes to outside, and the item to code."""
    line = f"printf %s {''.join(before)}{{item}}{''.join(after)}"
    try:
        argv = fill_item("run", [shell, "-c", line], item)
    except BadInputError:
        return  # it was refused, which executes nothing
    output(argv, tmp_path)
    assert not (tmp_path / "canary").exists()


@pytest.mark.integration
def test_the_arguments_of_a_text_stay_its_own(tmp_path: Path) -> None:
    """A script that counts its arguments, or names itself, would see those of ours."""
    line = 'printf "%s|" "$0" $# "$@" {item.name} {item.deep.n} {item.name}'
    alone = fill_item("run", ["sh", "-c", line], ITEM)
    assert output(alone, tmp_path) == "sh|0|a b|3|a b|"
    given_more = fill_item("run", ["sh", "-c", line, "me", "1 {item.name}", "2"], ITEM)
    assert output(given_more, tmp_path) == "me|2|1 a b|2|a b|3|a b|"


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
    for argv in (["do", text], ["sh", "-c", text]):
        with pytest.raises(BadInputError, match=problem):
            fill_item("run", argv, item)


@pytest.mark.parametrize(
    "line",
    [
        *('echo "{item}"', "echo '{item}'", "echo `ls {item}`", 'x "a\\"{item}"'),
        *("cat <<E\n{item}\nE", "# don't\necho '{item}'", "echo $'\\'{item}'", 'echo "{item}'),
    ],
)
def test_where_it_would_be_lost_in_quotes_it_is_refused(line: str) -> None:
    """The step would work on a name that nobody has written."""
    with pytest.raises(BadInputError, match="between quotes or in a here-document"):
        refuse_unsafe_item("run", ["bash", "-ec", line])


@pytest.mark.parametrize(
    "line",
    [
        *("echo {item}", "a 'b' {item} \"c\"", 'x "${item}"', r"\" {item}"),
        *("# don't {item}\necho {item}", "echo a#'b' {item}"),
    ],
)
def test_outside_of_quotes_it_may_stand(line: str) -> None:
    """A sound command would be refused."""
    refuse_unsafe_item("run", ["sh", "-c", line])


@pytest.mark.parametrize(
    "argv",
    [
        *(
            "python -c print({item})",
            "python3.12 -Ic {item}",
            "perl -ne {item}",
            "node --eval {item}",
        ),
        *(
            "ruby -e {item}",
            "php -r {item}",
            "fish -c {item}",
            "ssh host rm {item}",
            "su me -c {item}",
        ),
        *("env|-S|bash -c|echo {item}", "env|-Sbash -c|echo {item}", "bash -c $((1+{item}))"),
    ],
)
def test_what_is_code_elsewhere_is_refused(argv: str) -> None:
    """An item is executed by what quotes otherwise than a shell does."""
    with pytest.raises(BadInputError, match=r"executed as code|a shell evaluates") as caught:
        refuse_unsafe_item("run", argv.split("|") if "|" in argv else argv.split())
    assert "$SLIPWAY_ITEM" in caught.value.remedy


@pytest.mark.parametrize(
    "argv",
    [
        ["awk", 'BEGIN{system("{item}")}'],
        ["sed", "-n", "1e {item}", "/etc/hostname"],
        ["git", "-c", "alias.x=!echo {item}", "x"],
        ["make", "-f", "-", "--eval=x:;@echo {item}"],
        ["tar", "cf", "a", "--checkpoint-action=exec=echo {item}", "."],
        ["psql", "-c", "select '{item}'"],
        ["whatever", "x = ({item})"],
        *(
            ["bash", "-c", line]
            for line in (
                *("eval echo {item}", "trap {item} EXIT", "echo {item} | sh", "let {item}"),
                *("[[ {item} -eq 1 ]] || true", "[[ 1 -eq {item} ]]", "test -v {item} || true"),
                *("printf -v {item} x", "x; declare {item}", "echo ${a[{item}]}", "a[{item}]=1"),
                *("echo {item} | sudo /bin/bash -s", "true && [ -v {item} ]", "unset {item}"),
            )
        ),
    ],
)
def test_what_may_become_a_part_of_code_is_refused(argv: list[str]) -> None:
    """Broken: a file with the right name has a command of its own executed."""
    _refused(argv)


SHELLS = (
    *("sh -c {item}", "timeout 5 sh -c {item}", "find . -exec sh -c {item} ;"),
    *("xargs -I% sh -c {item}", "docker run x sh -c {item}", "bash -euo pipefail -c {item}"),
)
"""What a list of words hands to the shell as an argument, and a text would have executed."""
INTERPRETERS = (
    *("python3 -c {item}", "perl -e {item}", "node --eval={item}", "env -S {item}"),
    *("sqlite3 x.db {item}", "psql -c {item}", "sudo watch {item}", "ssh host {item}"),
    *("awk {item} a.txt", "sed -n {item} a.txt", "sed -e s/a/b/ -e {item}", "vim -c {item}"),
    *("/usr/bin/env python3 -c {item}", "parallel {item} ::: a b", "nice -n 5 mysql -e {item}"),
)


@pytest.mark.parametrize("command", [*SHELLS, *INTERPRETERS])
@pytest.mark.parametrize(
    "text", ["COMMAND", "true && COMMAND | cat", "for x in a; do COMMAND; done"]
)
def test_a_text_gives_no_program_an_item_to_execute(command: str, text: str) -> None:
    """Broken: an item is executed, since the command is written as a text and not as a list."""
    _refused(["sh", "-c", text.replace("COMMAND", command)])


@pytest.mark.parametrize("command", INTERPRETERS)
def test_no_program_is_given_an_item_to_execute(command: str) -> None:
    """Broken: an item is executed."""
    _refused(command.split())


@pytest.mark.parametrize(
    "line",
    [
        *('x={item}; eval "$x"', 'set -- {item}; eval "$1"', 'f() { eval "$1"; }; f {item}'),
        *("echo {item} | python3", "echo {item} | perl -", "echo {item} | sqlite3 a.db"),
        *(
            "e\\val {item}",
            "'eval' {item}",
            "echo {item} | while read x; do eval $x; done",
            "echo {item} | (sh)",
            "echo {item} | { sh; }",
            'echo {item} | "sh"',
            "echo {item} | s''h",
            "echo {item} | if true; then sh; fi",
            "f() { sh; }; echo {item} | f",
            "echo {item} | . /dev/stdin",
            "echo {item} | xargs -I% sh -c %",
            "bash <<< {item}",
            "bash < <(echo {item})",
            "bash <(echo {item})",
            ". <(echo {item})",
            "python3 -s <<< {item}",
            "sh a.sh \\{item}",
            "echo {item} | sudo at now",
            "cat <<X\n{item}\nX",
            "awk 'BEGIN{x}'{item} a",
        ),
    ],
)
def test_a_text_that_executes_an_item_later_is_refused(line: str) -> None:
    """Broken: it is executed in a roundabout way."""
    _refused(["bash", "-c", line])


@pytest.mark.parametrize(
    "line",
    [
        *("let x={item}", "alias z={item}; z", "read {item} <<< x", "wait -n -p {item}"),
        *("declare -i n; n={item}", "echo ${x:{item}:1}", "coproc cat {item}", "local {item}"),
        *("builtin eval {item}", "echo {item} > >(sh)", '"$SHELL" -c {item}', "ed -s f <<< {item}"),
        *("PS4={item}; set -x", "BASH_ENV={item} bash -c true", "LESSOPEN={item} less a"),
        *("GIT_SSH_COMMAND={item} git fetch", "make --eval={item}", "make test NAME={item}"),
        *("gdb -batch -ex {item}", "bash -c 'eval \"$1\"' _ {item}", "tar -I {item} -cf a b"),
    ],
)
def test_what_a_shell_or_a_program_evaluates_is_refused(line: str) -> None:
    """Broken: a file's name is executed."""
    _refused(["bash", "-c", line])


@pytest.mark.parametrize(
    "argv",
    [
        ["make", "--eval={item}"],
        ["make", "test", "NAME={item}"],
        ["env", "BASH_ENV={item}", "bash", "-c", "true"],
        ["tar", "-I", "{item}", "-cf", "a", "b"],
        ["bash", "-c", 'eval "$1"', "_", "{item}"],
    ],
)
def test_a_list_in_which_an_item_is_executed_is_refused(argv: list[str]) -> None:
    """Broken: a file's name is executed, though no shell has a text."""
    with pytest.raises(BadInputError):
        refuse_unsafe_item("run", argv)


@pytest.mark.parametrize(
    "line",
    [
        *("cat <<E\nhello\nE\necho {item}", "cat <<-'E'\n\tit's\n\tE\necho {item}"),
        *("read -r x < {item}", "mapfile -t lines < {item}", "export NAME={item}; ./run"),
        *("while read -r x; do :; done < {item}", "NAME={item} ./run", "cat <<< {item}"),
    ],
)
def test_what_only_reads_an_item_is_taken(line: str) -> None:
    """Broken: a sound command is refused."""
    refuse_unsafe_item("run", ["bash", "-c", line])


def _refused(argv: list[str]) -> None:
    """See that an item in ``argv`` is refused, with what to write instead."""
    with pytest.raises(BadInputError) as caught:
        refuse_unsafe_item("run", argv)
    assert "$SLIPWAY_ITEM" in caught.value.remedy


@pytest.mark.parametrize(
    "argv",
    [
        ["cp", "dist/{item}.whl", "--to=out/{item}"],
        ["echo", "checks {item}: well!"],
        ["git", "add", "--", "{item}"],
        ["tar", "cf", "{item}.tar", "src/{item}"],
        *(
            ["bash", "-c", line]
            for line in (
                *("[ {item} = x ] && echo y", "[[ {item} == x ]]", "printf '%s' {item}"),
                *("cat {item} | sort | uniq", "printf -v name %s {item}", "x={item}; export x"),
                *("python3 - {item} <<'X'\nprint(1)\nX", "echo eval; echo {item} | python3 a.py"),
                *(
                    "grep -r eval {item}",
                    "declare x={item}; echo $x",
                    "python3 a.py < {item}",
                    "sort < {item} | python3 a.py > b 2>&1",
                    ". ./env.sh; echo {item} | cat",
                    "sh a.sh <<< {item}",
                    "git log --grep eval {item}",
                    "grep sqlite3 {item}",
                    "echo watch {item}",
                    "tar -cf $out/{item}.tar .",
                    "if cat {item}",
                ),
                *("sed -e s/a/b/ {item}", "awk -f a.awk {item}", "parallel gzip ::: {item}"),
                *("bash -c 'echo \"$1\"' _ {item}", "sh a.sh {item}", "# python -c {item}"),
                *("python3 -m http.server -d {item}", "find . -name {item} -exec cat % ;"),
                *("curl -s {item} | tee a.sh", "evaluate {item}", "for f in {item}; do :; done"),
            )
        ),
    ],
)
def test_what_cannot_become_code_is_taken(argv: list[str]) -> None:
    """Broken: a sound command is refused."""
    refuse_unsafe_item("run", argv)


@pytest.mark.parametrize(
    "argv",
    [
        *("grep -c x {item}", "wc -c {item}", "sh script.sh {item}", "python -m json.tool {item}"),
        *("python -c code {item}", "sh -e {item}", "curl -r 0-9 {item}", "ssh-keygen -f {item}"),
        *("docker run sh sh -c {item}", "tar -cf a.tar {item}"),
    ],
)
def test_what_is_an_argument_may_be_an_item(argv: str) -> None:
    """A sound command would be refused."""
    refuse_unsafe_item("run", argv.split())
