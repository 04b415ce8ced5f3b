"""The message of a failed build says why it failed, whatever the tool says at its end."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.launch.kinds.interface import BuildError, run_build
from tasks.launch.kinds.reason import reason

NPM = """
> shop@1.0.0 build
> node build.js

/srv/source/build.js:1
throw new Error('no port')
^

Error: no port
    at Object.<anonymous> (/srv/source/build.js:1:7)
    at node:internal/main/run_main_module:28:49

Node.js v20.20.2
npm error Lifecycle script `build` failed with error:
npm error code 1
npm error path /srv/source
npm error command sh -c node build.js
npm error A complete log of this run can be found in: /root/.npm/_logs/x-debug-0.log
"""
PIP = """
  \u00d7 Failed to build `shop @ file:///srv/source`
  ├─▶ The build backend returned an error
  ╰─▶ Call to `setuptools.build_meta.build_wheel` failed (exit status: 1)

      [stderr]
      Traceback (most recent call last):
        File "<string>", line 11, in <module>
          import nothing_missing_here
        File "setup.py", line 3, in <module>
          raise error
      ModuleNotFoundError: No module named 'numpy'
      hint: This usually indicates a problem with the package.
"""


def test_of_npm_it_is_the_error_of_the_script() -> None:
    """Broken: the message ends with the path of a log, and nothing else."""
    lines = reason(NPM).splitlines()
    assert lines[0] == "throw new Error('no port')"
    assert "Error: no port" in lines
    assert not [line for line in lines if "complete log" in line or "    at " in line]


def test_of_a_stack_trace_it_is_its_end() -> None:
    """Broken: twenty lines of somebody's stack hide that numpy is missing."""
    text = reason(PIP)
    assert "ModuleNotFoundError: No module named 'numpy'" in text
    assert "nothing_missing_here" not in text
    assert text.splitlines()[0].strip().startswith("\u00d7 Failed to build")


@pytest.mark.parametrize(
    "summary",
    [
        "npm error Lifecycle script `build` failed with error:\nnpm error code 1",
        "npm ERR! code ELIFECYCLE\nnpm ERR! errno 1\nnpm ERR! Exit status 1",
        "npm error workspace shop@1.0.0\nnpm error location /srv/source",
        " ELIFECYCLE  Command failed with exit code 1.",
        "error Command failed with exit code 1.",
    ],
)
def test_what_a_manager_sums_up_does_not_hide_what_its_script_said(summary: str) -> None:
    """Broken: all that is said of a failed build is that a script has failed."""
    assert reason(f"Unable to find src/index.ts\n{summary}\n") == "Unable to find src/index.ts"


def test_what_stands_last_on_stderr_is_said_where_nothing_there_says_why() -> None:
    """Broken: a word on stdout that sounds like a reason hides the one on stderr."""
    text = reason("could not find a cache, making one\n", "step 1\nnothing to build from\n")
    assert text.splitlines()[-1] == "nothing to build from"
    assert reason("", "step 1\nfatal: no port\n") == "fatal: no port"


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_what_a_build_says_last_is_said_in_whatever_words(stream: str) -> None:
    """Broken: who is to install something first is told the exit code of a build, and no more."""
    noise = [f"  noise {number}" for number in range(40)]
    output = "\n".join(
        [
            "  x Failed to build `shop`",
            "  Call to `get_requires` failed (exit status: 1)",
            "  [stdout]",
            *noise,
            *(["  [stderr]"] if stream == "stderr" else []),
            "  You want libfoo 3 first",
            "  hint: This usually indicates a problem with the package",
        ]
    )
    assert "You want libfoo 3 first" in reason("", output)
    assert ("noise 39" in reason("", output)) is (stream == "stdout")


def test_a_file_that_is_not_there_is_a_reason() -> None:
    """Broken: all that is said of a package whose sources are not in it is a piece of its manifest."""
    stderr = """
@parcel/core: Entry /srv/source/bin/peerjs.ts does not exist

  /srv/source/package.json:58:15
    57 |     "binary": {
  > 58 |       "source": "bin/peerjs.ts"
  >    |                 ^^^^^^^^^^^^^^^
    59 |     },
    60 |     "main": {},
"""
    lines = reason("\U0001f6a8 Build failed.\n", stderr).splitlines()
    assert lines[1:] == ["@parcel/core: Entry /srv/source/bin/peerjs.ts does not exist"]
    assert reason("x\n", "Unable to find src\n  61 |  x\n") == "Unable to find src"


def test_without_any_word_for_it_it_is_the_last_lines() -> None:
    """Broken: a tool that has words of its own for a failure says nothing at all."""
    lines = [f"step {number}" for number in range(50)]
    assert reason("\n".join(lines)).splitlines() == lines[-12:]
    assert reason("") == ""


@pytest.mark.integration
@pytest.mark.parametrize("stream", [1, 2])
def test_it_is_said_whatever_follows(tmp_path: Path, stream: int) -> None:
    """Broken: the cause is cut off, or on the other stream: pnpm and Yarn write to stdout."""
    noise = "for n in $(seq 1000); do echo step $n of the clean-up >&2; done; exit 7"
    script = f"printf '\\033[31mERR_PNPM_OUTDATED_LOCKFILE\\033[0m x\\n' >&{stream}; {noise}"
    with pytest.raises(BuildError) as caught:
        run_build(["sh", "-c", script], tmp_path, {})
    assert "failed (exit code 7):\nERR_PNPM_OUTDATED_LOCKFILE x" in str(caught.value)
    assert "step 1000 of the clean-up" in caught.value.output


def test_a_build_without_room_names_the_file_system(tmp_path: Path) -> None:
    """Broken: the user learns that a file was not written, and not what to do about it."""
    script = f"echo \"npm error ENOSPC: no space left on device, write '{tmp_path}/x'\"; exit 1"
    with pytest.raises(BuildError, match="ENOSPC") as raised:
        run_build(["sh", "-c", script], tmp_path, {})
    assert "No room is left on the file system at /" in str(raised.value)
    assert "Make room there" in str(raised.value)
