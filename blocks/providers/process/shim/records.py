"""Writes the records of a run without the json module, which costs as much as Python itself.

A record is written atomically, by a rename, and only its owner may read it.
"""

from __future__ import annotations

import os

from blocks import durable_file

SPEC = "spec.json"
STATE = "state.json"
STOP = "stop.json"
EXIT = "exit.json"
LOCK = "lock"
LOG = "output.log"

_ESCAPED = {'"': '\\"', "\\": "\\\\"}


def write(directory: str, name: str, text: str, *, durable: bool = False) -> None:
    """Put ``text`` into place in one step; ``durable``: on the disk before this returns.

    The process that runs there may have removed the owner's access to the folder; it is restored.
    """
    try:
        durable_file.write(f"{directory}/{name}", text, durable=durable)
    except PermissionError:
        os.chmod(directory, 0o700)
        durable_file.write(f"{directory}/{name}", text, durable=durable)


def make_folder(directory: str) -> None:
    """Create the folder of a run for its owner alone, and those that are missing above it.

    Raises:
        OSError: There is no room for it, or it may not be created.
    """
    missing = [directory]
    while missing:
        try:
            os.mkdir(missing[-1], 0o700 if missing[-1] == directory else 0o777)
        except FileNotFoundError:
            missing.append(os.path.dirname(missing[-1]))
            continue
        except FileExistsError:
            pass
        missing.pop()


def json_of(value: object) -> str:
    """Return ``value``, of dictionaries, sequences, strings, numbers and None, as JSON.

    Raises:
        TypeError: It holds something else.
    """
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        if value.isascii() and value.isprintable() and '"' not in value and "\\" not in value:
            return f'"{value}"'
        return f'"{"".join(map(_character, value))}"'
    if isinstance(value, dict):
        return f"{{{', '.join(f'{json_of(key)}: {json_of(each)}' for key, each in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(json_of, value))}]"
    raise TypeError(f"a record cannot hold a {type(value).__name__}")


def _character(character: str) -> str:
    if " " <= character <= "~":
        return _ESCAPED.get(character, character)
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[n : n + 4]}" for n in range(0, len(units), 4))
