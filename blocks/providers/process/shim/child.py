"""Starts a shim's child in its own group, with its output in a pipe; standard library only."""

from __future__ import annotations

import errno
import os
import signal
import time

from blocks.providers.process.process_table import LINUX, entry

TYPE_CHECKING = False
if TYPE_CHECKING:  # what is imported here costs each shim time and memory
    from collections.abc import Sequence

_PR_SET_CHILD_SUBREAPER = 36
_SCARCE = (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE)
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

    It is spawned and not forked: a fork copies what Python has in memory, and takes milliseconds.

    Raises:
        StartError: The program or the folder cannot be used.
        OSError: The system has no process or descriptor left.
    """
    output, output_end = os.pipe()
    try:
        pid = _spawned(argv, cwd, environment, output_end)
    except BaseException:
        os.close(output)
        raise
    finally:
        os.close(output_end)
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


def _spawned(argv: Sequence[str], cwd: str, environment: dict[str, str], output: int) -> int:
    try:
        os.chdir(cwd)  # ours, as a spawned process has no other
        return _spawned_here(argv, environment, output)
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in _SCARCE:
            raise
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise StartError(f"{reason}: {argv[0]} (in {cwd})") from error
    finally:
        os.chdir("/")  # else the folder could not be unmounted


def _spawned_here(argv: Sequence[str], environment: dict[str, str], output: int) -> int:
    """Start the first program of that name that can be executed, as execvp would.

    Raises:
        OSError: None can be.
    """
    missing: OSError = FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    for program in _candidates(argv[0], environment):
        try:
            return os.posix_spawn(
                program,
                list(argv),
                environment,
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_DUP2, output, 1),
                    (os.POSIX_SPAWN_DUP2, output, 2),
                ],
                setpgroup=0,
                setsigdef=_RESET,
            )
        except (FileNotFoundError, NotADirectoryError) as error:
            missing = missing if isinstance(missing, PermissionError) else error
        except PermissionError as error:
            missing = error
    raise missing


def _candidates(program: str, environment: dict[str, str]) -> list[str]:
    if "/" in program:
        return [program]
    paths = [os.path.join(folder, program) for folder in os.get_exec_path(environment)]
    return [path for path in paths if os.path.lexists(path)]
