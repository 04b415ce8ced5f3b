"""Starts a shim's child in its own group, with its output in a pipe; standard library only."""

from __future__ import annotations

import os
import signal
import sys
import time

from blocks.providers.process.process_table import LINUX, entry

TYPE_CHECKING = False
if TYPE_CHECKING:  # what is imported here costs each shim time and memory
    from collections.abc import Sequence

_PR_SET_CHILD_SUBREAPER = 36
_RESET = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD, signal.SIGPIPE)


class StartError(Exception):
    """The program could not be executed; the message says why.

    It never leaves the shim, which imports nothing of ours that would take long.
    """


class Child:
    """A started process; ``output`` is the non-blocking end of its stdout and stderr."""

    def __init__(self, pid: int, started: float, output: int, monotonic: float) -> None:
        self.pid, self.started, self.output, self.monotonic = pid, started, output, monotonic


def become_subreaper() -> bool:
    """Make this process the parent of orphaned descendants; False if the system cannot do that."""
    if not LINUX:
        return False
    import ctypes  # noqa: PLC0415 - not paid for elsewhere

    prctl = ctypes.CDLL(None, use_errno=True).prctl
    return bool(prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)


def start_child(argv: Sequence[str], cwd: str, environment: dict[str, str]) -> Child:
    """Start ``argv`` in ``cwd`` with exactly that environment.

    Raises:
        StartError: The program or the folder cannot be used.
    """
    output, output_end = os.pipe()
    report, report_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        _become(argv, cwd, environment, output_end, report_end)
    os.close(output_end)
    os.close(report_end)
    problem = _read_all(report)
    if problem:
        os.close(output)
        os.waitpid(pid, 0)
        raise StartError(problem)
    os.set_blocking(output, False)
    process = entry(pid)
    return Child(pid, process.started if process else 0.0, output, time.monotonic())


def exit_code_of(status: int) -> int:
    """Return the exit code of a wait status; minus the signal's number when one ended it."""
    return os.waitstatus_to_exitcode(status)


def exit_words(code: int | None) -> str:
    """Return an exit code in words; a negative one is a signal."""
    if code is None or code >= 0:
        return f"exit code {code}"
    try:
        return f"ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"ended by signal {-code}"


def resident_mib(maximum: int) -> float:
    """Return ``ru_maxrss`` in MiB: it is in KiB on Linux, in bytes on macOS."""
    return maximum / 1024 if LINUX else maximum / 1024**2


def _become(
    argv: Sequence[str], cwd: str, environment: dict[str, str], output: int, report: int
) -> None:
    try:
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        for number in _RESET:
            signal.signal(number, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.chdir(cwd)
        os.execvpe(argv[0], list(argv), environment)  # noqa: S606 - a shell would be wrong here
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        os.write(report, f"{reason}: {argv[0]} (in {cwd})".encode())
    finally:
        sys.stdout = None
        os._exit(127)


def _read_all(descriptor: int) -> str:
    with os.fdopen(descriptor, "rb") as pipe:
        return pipe.read().decode(errors="replace")
