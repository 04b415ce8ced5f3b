"""Finds the words of a command that a shell or an interpreter executes as code; pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

_SHELL = re.compile(r"(r?ba|da|[pm]k|pdk|k|z|a|ya|po)?sh[\d.-]*|\$\{?(SHELL|BASH|0)\}?")
_OPTION = re.compile(r"[-+]\S+")
_WITH_FILE = frozenset({"--rcfile", "--init-file"})
_INTERPRETER = re.compile(
    r"(^|[/\s=])-?S?((r?ba|da|[pm]k|pdk|k|z|a|ya|po|fi|c|tc|pw)?sh|python|pypy|perl|ruby|node|nodejs"
    r"|deno|bun|php|lua|[Rr]script|su|runuser|flock|script|psql|mysql|mariadb|n?vim?|ex|emacs)"
    r"[\d.-]*(?=\s|$)"
)
_WITH_LANGUAGE = re.compile(
    r"([gmn]|original-)?awk|g?sed|ed|ex|vim?|nvim|emacs|g?make|cmake|tar|bsdtar|gtar|zip|git|find"
    r"|xargs|parallel|watch|env|sqlite3|psql|mysql|mariadb|gdb|expect|tclsh|jq|bc|dc|m4|docker"
)
"""Programs that may execute or interpret a part of one of their arguments."""
_LOOKS_LIKE_CODE = re.compile(r"[\"'`$;|&()<>{}\n\\]")
_PLAIN = re.compile(r"[\w./:@%+,=~-]*", re.ASCII)
_TAKES_CODE = re.compile(r"(^|\s)(-\w*[ceEr]|-p|--eval|--print|--command|-Command)$")
_CODE_OPTION = re.compile(r"--(eval|print|command|execute|split-string)=|-S")
"""Matches the beginning of a word that has code in it."""
_ALL_CODE = frozenset({"ssh", "watch", "sqlite3", "duckdb", "parallel", "make", "gmake", "gdb"})
"""Programs that join their arguments to a text that is executed, or take any of them for code."""
_BEFORE_PROGRAM = re.compile(
    r"builtin|sudo|doas|env|timeout|nice|ionice|nohup|setsid|stdbuf|time|exec|command|xargs|-.*|\w+=.*|[\d.]+[smh]?"
)
_NAMES_PROGRAM = frozenset({"-I", "--use-compress-program", "--to-command", "-F", "--info-script"})
"""Options of tar that a command follows."""
_COMMANDING = re.compile(
    r"(PS4|BASH_ENV|ENV|PROMPT_COMMAND|SHELL|LESSOPEN|LESSCLOSE|GIT_(SSH(_COMMAND)?|EDITOR|PAGER"
    r"|EXTERNAL_DIFF|PROXY_COMMAND|ASKPASS|SEQUENCE_EDITOR)|(MAN|SYSTEMD_)?PAGER|EDITOR|VISUAL|BROWSER"
    r"|PERL5OPT|PYTHONSTARTUP|NODE_OPTIONS|RUBYOPT|RSYNC_RSH|TAR_OPTIONS|(GNU)?MAKEFLAGS|LD_PRELOAD)=.*",
    re.DOTALL,
)
"""Variables whose values programs execute."""
_EDITORS = frozenset({"ed", "red", "ex"})
_SOURCES = frozenset({".", "source"})
_REDIRECTION = re.compile(r"\d*(<<<|<<-?|<|>>?)&?")
_HERE_DOCUMENT = re.compile(r"(?<!<)<<(?!<)(?P<tabs>-?)[ \t]*(?P<quote>[\"'\\]?)(?P<word>[\w.-]+)")
_SCRIPTED = re.compile(r"([gmn]|original-)?awk|g?sed")
_DATA_FOLLOWS = ":::"
"""The words after it are given to each command of `parallel`, quoted."""
_BETWEEN_COMMANDS = "();|&\n"
_RESERVED = frozenset({"if", "then", "elif", "else", "while", "until", "do", "!", "{", "time"})


@dataclass(frozen=True, slots=True)
class ShellText:
    """The text that a command gives to a shell: its index in the command, and the shell's name."""

    place: int
    shell: str


def shell_text(argv: Sequence[str]) -> ShellText | None:
    """Return the text that ``argv`` gives to a shell of the POSIX family; None if there is none.

    It handles all spellings: `sh -c`, `bash -euo pipefail -c`, `sh -ec`, `env X=1 /bin/dash -c -e`.
    """
    for place, word in enumerate(argv):
        if _SHELL.fullmatch(PurePath(word).name):
            text_place = _command_string(argv, place + 1)
            if text_place is not None:
                return ShellText(text_place, word)
    return None


def is_code(argv: Sequence[str], place: int) -> bool:
    """Tell whether an interpreter other than a POSIX shell may execute the word at ``place``.

    For Python, Perl, Node and the like it is the word after `-c` or `-e`; for ssh every word.
    """
    before = argv[:place]
    names = [PurePath(word).name for word in before]
    all_code = program_of(before) in _ALL_CODE and _DATA_FOLLOWS not in before
    if all_code or _COMMANDING.fullmatch(argv[place]):
        return True
    if "env" in names and before[-1] in {"-S", "--split-string"}:
        return True
    is_program = bool(before) and before[-1] in _NAMES_PROGRAM
    if _is_script(names) or (is_program and any(name.endswith("tar") for name in names)):
        return True
    not_shells = [word for word in before if not _SHELL.fullmatch(PurePath(word).name)]
    if _CODE_OPTION.match(argv[place]) and (
        "env" in names or any(map(_INTERPRETER.search, not_shells))
    ):
        return True
    has_interpreter = any(map(_INTERPRETER.search, not_shells))
    return has_interpreter and bool(_TAKES_CODE.search(before[-1]))


def program_of(command: Sequence[str]) -> str:
    """Return the name of the program that is run, after wrappers such as `env`; empty if none."""
    names = (PurePath(word).name for word in command)
    return next((name for name in names if not _BEFORE_PROGRAM.fullmatch(name)), "")


def reads_code(command: Sequence[str]) -> bool:
    """Tell whether a command in a shell's text executes its input, or what `xargs` gives it."""
    program = program_of(command)
    if "xargs" in command and shell_text(command) is not None:
        return True
    if command and command[0] in _SOURCES:
        return any(word.startswith(("<", "/dev/")) for word in command)
    if program in _EDITORS:
        return True
    if not (_SHELL.fullmatch(program) or _INTERPRETER.fullmatch(program)):
        return False
    names = [PurePath(word).name for word in command]
    arguments = without_redirections(command[names.index(program) + 1 :])
    return all(word.startswith("-") for word in arguments)


def without_redirections(words: Sequence[str]) -> list[str]:
    """Return the words of a command without its redirections."""
    words_left: list[str] = []
    skips = False
    for word in words:
        operator = _REDIRECTION.match(word)
        if operator is None and not skips:
            words_left.append(word)
        skips = operator is not None and operator.end() == len(word)
    return words_left


def _is_script(names: Sequence[str]) -> bool:
    """Tell whether the script of awk or sed follows, i.e. only options follow its name so far."""
    at = max((at for at, name in enumerate(names) if _SCRIPTED.fullmatch(name)), default=None)
    if at is None:
        return False
    options = names[at + 1 :]
    return all(name.startswith("-") for name in options) or options[-1] in {"-e", "--expression"}


def is_beside_code(argv: Sequence[str], around: str) -> bool:
    """Tell whether a placeholder in a word with ``around`` may become a part of code.

    ``around`` is the rest of the word. A placeholder alone in a word, or in a path or an option, is
    no code; beside quotes or operators it may be, for every program.
    """
    if _LOOKS_LIKE_CODE.search(around):
        return True
    return speaks_a_language(argv) and not _PLAIN.fullmatch(around)


def speaks_a_language(argv: Sequence[str]) -> bool:
    """Tell whether ``argv`` names a program that may execute parts of its arguments."""
    return any(_WITH_LANGUAGE.fullmatch(PurePath(word).name) for word in argv)


def simple_commands(text: str) -> Iterator[list[str]]:
    """Yield the words of each command in a shell's text, without quotes.

    A text whose quotes are not closed is taken for one command.
    """
    lexer = shlex.shlex(text, posix=True, punctuation_chars=_BETWEEN_COMMANDS)
    lexer.whitespace, lexer.whitespace_split = " \t\r", True
    try:
        words = list(lexer)
    except ValueError:
        words = text.split()
    command: list[str] = []
    for word in words:
        if not word.strip(_BETWEEN_COMMANDS):
            yield command
            command = []
        elif command or word not in _RESERVED:
            command.append(word)
    yield command


def without_here_documents(text: str) -> tuple[str, list[str]]:
    """Return ``text`` without its here-documents, and the here-documents themselves."""
    lines, lines_left, bodies = iter(text.split("\n")), list[str](), list[str]()
    for line in lines:
        lines_left.append(line)
        for end in _HERE_DOCUMENT.finditer(line):
            body: list[str] = []
            for inner in lines:
                if (inner.lstrip("\t") if end["tabs"] else inner) == end["word"]:
                    break
                body.append(inner)
            bodies.append("\n".join(body))
    return "\n".join(lines_left), bodies


def _command_string(argv: Sequence[str], place: int) -> int | None:
    """Return the index of the first word that is not an option, if `-c` is among the options."""
    by_c = False
    while place < len(argv) and _OPTION.fullmatch(argv[place]) and argv[place] != "--":
        word = argv[place]
        if word.startswith("--"):
            place += 1 + (word in _WITH_FILE)
            continue
        by_c = by_c or (word[0] == "-" and "c" in word)
        place += 1 + sum(letter in "oO" for letter in word)  # the name of a further option
    if place < len(argv) and argv[place] in {"-", "--"}:
        place += 1
    return place if by_c and place < len(argv) else None
