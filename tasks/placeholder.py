"""Fills `{matrix.<name>}` and `{item}` in a user's definition of a step; pure.

The values of a matrix are part of the workload itself and are inserted as they are. An item is the
output of another step, e.g. a file's name. It never becomes a part of code: a shell gets it as an
argument of its own, and a variable in the place of the placeholder. So it is one word whatever it
contains, and is not executed however the text is quoted. Other texts are refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from tasks.command_text import (
    is_beside_code,
    is_code,
    program_of,
    reads_code,
    shell_text,
    simple_commands,
    speaks_a_language,
    without_here_documents,
    without_redirections,
)
from tasks.errors import BadInputError
from tasks.label import written

# Not `${item}`, which belongs to the shell.
_MATRIX = re.compile(r"(?<!\$)\{matrix\.([^{}]*)\}")
_ITEM = re.compile(r"(?<!\$)\{item((?:\.\w+)*)\}")
# Matches escaped characters, comments, and quoted text, also if the quotes are never closed.
_QUOTED = re.compile(
    r"""\\. | (?:^|(?<=[\s;|&()]))\#[^\n]* | \$'(?:\\.|[^'\\])*(?:'|\Z) | '[^']*(?:'|\Z)
    | "(?:\\.|[^"\\])*(?:"|\Z) | `[^`]*(?:`|\Z)""",
    re.VERBOSE | re.DOTALL,
)
_ARITHMETIC = re.compile(r"\(\([^)]*(?<!\$)\{item")
_WITHIN = r"[^;&|\n]*"
_EVALUATED = re.compile(
    rf"""(?:^|(?<=[\s;&|({{!])) (?:
      (?:test|\[\[?) \s {_WITHIN} -v \s {_WITHIN} (?<!\$)\{{item
    | printf \s+ -v \s* \S* (?<!\$)\{{item
    | \[\[ \s {_WITHIN} (?<!\$)\{{item {_WITHIN} \s -(?:eq|ne|lt|le|gt|ge) \s
    | \[\[ \s {_WITHIN} \s -(?:eq|ne|lt|le|gt|ge) \s {_WITHIN} (?<!\$)\{{item
    )
    | \w\[ [^\]\s]* (?<!\$)\{{item
    | \$\{{ [^{{}}]* (?<!\$)\{{item
    | (?:declare|typeset|local) \s+ -\w*i\w* \s .* (?<!\$)\{{item
    | (?<!\$)\{{item .* [<>]\( \s* (?:\S*/)? (?:(?:ba|da|[pm]?k|z|a)?sh|eval|sqlite3|ed|ex)\b
    | (?<!\$)\{{item [^;&\n]* \| \s* (?:\S*/|\w+\s+)* (?:
        (?:(?:ba|da|[pm]?k|z|a)?sh|sqlite3|duckdb|psql|mysql|mariadb|at|batch|crontab|ed|ex)\b
      | (?:python|pypy|perl|ruby|node|nodejs|deno|bun|php|lua|[Rr]script)[\d.]* \s* -? \s* (?:$|[;&|)\n])
      )""",
    re.VERBOSE | re.DOTALL,
)
"""Matches text in which a shell evaluates a word, or passes it to a program that does."""
_EVAL = "eval"
_EVALUATES = frozenset(
    {
        *("trap", "let", "declare", "typeset", "local", "unset", "alias", "coproc"),
        *("read", "mapfile", "readarray", "getopts", "wait"),
    }
)
"""Builtins of a shell that take their arguments for code, or for names that may contain code."""
_CARRIES = re.compile(r"\||<")
"""Matches operators that pass the output of a command, or a word, to the input of another."""
_ESCAPED = re.compile(r"\\\{item")
_ASSIGNED = re.compile(r"\w+=\{item")
_ALWAYS = frozenset({"let", "alias"})
"""Builtins that also evaluate the value of an assignment."""
_VARIABLE = re.compile(r"\$(?:\w+|\{\w+\})")


def fill_matrix(field: str, text: str, values: Mapping[str, str | int | bool]) -> str:
    """Return ``text`` with the values of its combination.

    Raises:
        BadInputError: ``text`` names a value that the matrix does not have.
    """

    def value(match: re.Match[str]) -> str:
        """Return what stands for one placeholder."""
        if match[1] not in values:
            known = ", ".join(values) or "nothing; the step has no matrix"
            raise BadInputError(
                field, text, f"names {match[0]}, which is not known", f"The matrix has {known}"
            )
        return written(values[match[1]])

    return _MATRIX.sub(value, text)


def refuse_unsafe_item(field: str, argv: Sequence[str]) -> None:
    """Raise BadInputError if ``argv`` has an `{item}` that would be code, or be lost in quotes."""
    text = shell_text(argv)
    for place, word in enumerate(argv):
        if not _ITEM.search(word):
            continue
        if text is not None and place == text.place:
            _refuse_quoted(field, word)
            continue
        around = _ITEM.sub("", word)
        may_run = is_code(argv, place) or is_beside_code(argv[:place], around)
        if text is not None and place > text.place and _evaluates(argv[text.place]):
            problem = "has {item} in what its shell's text gives to `eval`"
            remedy = 'Have the text use it as "$1", without `eval`'
            raise BadInputError(field, word, problem, remedy)
        if (text is None or place < text.place) and may_run:
            problem = "has {item} in what may be executed as code, and what it quotes is not known"
            remedy = "Make it a word of its own, or have it read $SLIPWAY_ITEM from its environment"
            raise BadInputError(field, word, problem, remedy)


def _refuse_quoted(field: str, line: str) -> None:
    outside, inside = without_here_documents(line)
    inside += [match[0] for match in _QUOTED.finditer(outside) if not match[0].startswith("#")]
    remedy = 'Have it read "$SLIPWAY_ITEM" from its environment'
    if any(map(_ITEM.search, inside)) or _ESCAPED.search(line):
        problem = "has {item} between quotes or in a here-document"
        remedy = "Write it without quotes, it is one word whatever is in it; or use $SLIPWAY_ITEM"
    elif _ARITHMETIC.search(line) or _EVALUATED.search(line):
        problem = "has {item} where a shell evaluates it"
    elif _evaluates(line):
        problem = "has {item} beside `eval`, which may execute it"
    elif any(map(_executes_item, simple_commands(line))) or (
        _CARRIES.search(line) and any(map(reads_code, simple_commands(line)))
    ):
        problem = "has {item} in what a program executes as code"
    else:
        return
    raise BadInputError(field, line, problem, remedy)


def _executes_item(command: Sequence[str]) -> bool:
    """Tell whether a command in a shell's text executes an item as code."""
    text, program = shell_text(command), program_of(command)
    evaluates, arguments = program in _EVALUATES, without_redirections(command)
    for place, word in enumerate(command):
        if not _ITEM.search(word):
            continue
        around = _VARIABLE.sub("", _ITEM.sub("", word))
        beside = speaks_a_language(command[:place]) and is_beside_code(command[:place], around)
        named = evaluates and word in arguments
        named = named and (program in _ALWAYS or not _ASSIGNED.match(word))
        beside = beside or (
            text is not None and text.place < place and _evaluates(command[text.place])
        )
        inner = text is not None and text.place == place
        if named or beside or inner or is_code(command, place):
            return True
    return False


def _evaluates(text: str) -> bool:
    """Tell whether a shell's text passes its arguments to `eval`."""
    return any(program_of(command) == _EVAL for command in simple_commands(text))


def fill_item(field: str, argv: Sequence[str], item: JsonValue) -> tuple[str, ...]:
    """Return ``argv`` with ``item``, or the part of it that `{item.<key>}` names.

    The text of a shell stays as it is, but first takes the items from its arguments.

    Raises:
        BadInputError: The item has no such key, or a NUL character, or would be code.
    """
    refuse_unsafe_item(field, argv)
    text = shell_text(argv)
    if text is None or not _ITEM.search(argv[text.place]):
        return tuple(_filled(field, word, item) for word in argv)
    line = argv[text.place]
    references = dict.fromkeys(match[0] for match in _ITEM.finditer(line))
    names = {reference: f"slipway_item_{n}" for n, reference in enumerate(references, start=1)}
    assignments = " ".join(f"{name}=${{{n}}}" for n, name in enumerate(names.values(), start=1))
    line = _ITEM.sub(lambda match: f'"${{{names[match[0]]}}}"', line)
    before, (name, *rest) = argv[: text.place], argv[text.place + 1 :] or [text.shell]
    return (
        *(_filled(field, word, item) for word in before),
        f"{assignments}; shift {len(names)}; {line}",
        _filled(field, name, item),
        *(_filled(field, reference, item) for reference in names),
        *(_filled(field, word, item) for word in rest),
    )


def _filled(field: str, text: str, item: JsonValue) -> str:
    """Return one word with the item in it."""

    def value(match: re.Match[str]) -> str:
        """Return what stands for one placeholder."""
        part = item
        for key in match[1].split(".")[1:]:
            if not isinstance(part, dict) or key not in part:
                problem = f"names {match[0]}, which {written(item)[:200]} does not have"
                raise BadInputError(field, text, problem, "Name a key that every item has")
            part = part[key]
        return written(part)

    filled = _ITEM.sub(value, text)
    if "\0" in filled:
        raise BadInputError(field, filled, "has a NUL character", "Leave it out of the output")
    return filled
