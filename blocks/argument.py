"""Size limits of Linux for one environment variable and one argument of a process."""

from __future__ import annotations

from collections.abc import Sequence

MAX_BYTES = 128 * 1024
"""Size of a variable with its name, or of an argument, including the zero byte at its end."""
_AROUND = len("exec ") + 1


def short_value(name: str, value: str) -> None:
    """Refuse, by a ValueError, a variable that no process could be started with."""
    size = _size(value)
    most = MAX_BYTES - _size(name) - len("=") - 1
    if size > most:
        raise ValueError(
            f"has {name} with {size:,} bytes, and Linux takes at most {most:,} in a variable "
            "of that name (128 KiB with the name): put it into a file, and name the file"
        )


def short_command(command: str) -> str:
    """Return ``command`` if a shell can take it; a ValueError says by how much it is too long."""
    size, most = _size(command), MAX_BYTES - _AROUND
    if size > most:
        raise ValueError(
            f"has {size:,} bytes, and Linux takes at most {most:,} as one argument (128 KiB): "
            "put it into a script in the source, and run that"
        )
    return command


def short_commands(commands: str | Sequence[str]) -> str | Sequence[str]:
    """Return a command line or its words, if each is short enough."""
    for command in [commands] if isinstance(commands, str) else commands:
        short_command(command)
    return commands


def _size(text: str) -> int:
    return len(text.encode(errors="surrogatepass"))
