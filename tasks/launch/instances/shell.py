"""Writes a command line so that the shell replaces itself by the program where it can; pure.

Where a line is one plain program, the program replaces the shell, so that it gets the signals
itself. In doubt it does not: an `exec` before anything else changes what the line means.
"""

from __future__ import annotations

import re
import shlex

_PROGRAM = re.compile(r"^[\w./~+@%-][\w./~+@%:,-]*$")
_OPERATOR = frozenset("();<>|&")
# Reserved words and builtins of the POSIX shell, dash and bash: nothing that exec could find, or
# something else by the same name.
_WORDS = (
    "! . : [ [[ alias bg bind break builtin caller case cd command compgen complete continue coproc"
    " declare dirs disown do done echo elif else enable esac eval exec exit export false fc fg fi"
    " for function getopts hash help history if in jobs kill let local logout mapfile popd printf"
    " pushd pwd read readarray readonly return select set shift shopt source suspend test then time"
    " times trap true type typeset ulimit umask unalias unset until wait while { }"
)
_SHELL_BUILTINS = frozenset(_WORDS.split())


def shell(text: str) -> tuple[str, ...]:
    """Return how the command line ``text`` is executed."""
    stripped = text.strip()
    return ("sh", "-c", f"exec {stripped}" if is_plain(stripped) else stripped)


def script(text: str) -> tuple[str, ...]:
    """Return how a script of one or more lines is executed: it ends at the first that fails."""
    return ("sh", "-e", "-c", text)


def is_plain(line: str) -> bool:
    """Tell whether ``line`` is one external program with its arguments, and nothing else."""
    if "\n" in line or "`" in line:
        return False
    try:
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.commenters = ""
        lexer.whitespace_split = True
        words = list(lexer)
    except ValueError:  # an open quote: the shell says so itself
        return False
    return (
        bool(words)
        and bool(_PROGRAM.match(words[0]))
        and words[0] not in _SHELL_BUILTINS
        and not any(word and _OPERATOR.issuperset(word) for word in words)
    )
