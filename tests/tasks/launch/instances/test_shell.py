"""A command line means what it means in a shell, and a plain program gets its signals itself."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tasks.launch.instances.shell import is_plain, shell

PLAIN = [
    "gunicorn app:app -b :$PORT",
    "./run --name 'a b'",
    '"./run" x',
    "~/bin/run",
    "env A=1 run",
    "run # a comment",
    "run ${A:-b c}",
    "docker ps --format {{.State}}",
    "größe x",
]
NOT_PLAIN = [
    *("", "# run", "A=1 run", "A+=1 run", "one && two", "cd x; run", "exec run", "run &", "a | b"),
    *("run > log", "(run)", "{ run; }", "! run", "if a; then b; fi", "run $(x)", "run `x`"),
    *(". ./x.sh", "source x.sh", "eval run", "command run", "trap '' TERM", "run\nrun", "[ a ]"),
    *("'cd' x", "run 'open", "$PROGRAM x", "f() { run; }", "time run", ": x", "run <<EOF"),
]


@pytest.mark.parametrize("line", PLAIN)
def test_a_plain_program_replaces_the_shell(line: str) -> None:
    """Broken: the shell gets the signals and its service does not."""
    assert shell(f" {line} ") == ("sh", "-c", f"exec {line}")


@pytest.mark.parametrize("line", NOT_PLAIN)
def test_whatever_else_is_left_to_the_shell(line: str) -> None:
    """Broken: `. ./x.sh` or `eval run` is not a program: the service does not start."""
    assert not is_plain(line)
    assert shell(line) == ("sh", "-c", line)


@pytest.mark.integration
@pytest.mark.parametrize(
    "line",
    [
        *("printf '%s' \"$A\"", "echo '#' # no", ". ./x.sh", "eval 'echo a; echo b'"),
        *("command echo a", "A=2 sh -c 'echo $A'", "A=2; echo $A", "echo a;echo b", "cd / && pwd"),
        *("exit 3", "false || echo c", "! false", "echo a\necho b", 'echo "a\n b"', "set -- a b"),
        *("echo 'a;b' \"c|d\" e\\;f", "echo a#b $((1 + 2)) `echo x` $(echo y)", "# nothing"),
        *("ls -d .", "'./x.sh' a", "$PROGRAM a", "for x in 1 2; do echo $x; done", "echo 'open"),
        *("{ echo a; }", "(echo a)", "f() { echo f; }; f", "ulimit -n >/dev/null", "[ a = a ]"),
        *("export A=3; sh -c 'echo $A'", "type cd >/dev/null", "cat <<E\n$A\nE", "nohup true"),
        "a() { echo x; }\na",
        "echo a \\\n b",
    ],
)
def test_it_does_what_the_shell_does(tmp_path: Path, line: str) -> None:
    """Broken: a command works by hand, and not as a service."""
    (tmp_path / "x.sh").write_text("#!/bin/sh\necho sourced $*\n")
    (tmp_path / "x.sh").chmod(0o755)
    environment = {**os.environ, "A": "a  b", "PROGRAM": "echo"}

    def done(*argv: str) -> tuple[int, str]:
        ended = subprocess.run(
            argv, cwd=tmp_path, env=environment, check=False, capture_output=True, text=True
        )
        return ended.returncode, ended.stdout

    assert done(*shell(line)) == done("sh", "-c", line)


@pytest.mark.integration
def test_a_plain_program_is_the_process(tmp_path: Path) -> None:
    """Broken: a signal for the service ends a shell and leaves the service."""
    (tmp_path / "me").write_text("#!/usr/bin/env python3\nimport os\nprint(os.getpid())\n")
    (tmp_path / "me").chmod(0o755)
    started = subprocess.Popen(shell("./me x"), cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    output, _ = started.communicate()
    assert int(output) == started.pid
