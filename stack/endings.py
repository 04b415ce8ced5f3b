"""Records of parts that keep ending: how often, with which exit code, and the end of their log.

The supervisor writes the records; `make up` and `make status` show them.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from tasks.home import PROGRAMS, Home, write_private

TAIL_LINES = 20
MAX_ENDINGS = 4
"""`make up` no longer waits for a part that has ended this many times in a row."""


@dataclass(frozen=True, slots=True)
class Ending:
    """A part that has ended ``times`` times in a row; None where nobody saw the ``code``."""

    program: str
    code: int | None
    times: int

    def __str__(self) -> str:
        often = f"{self.times} times in a row" if self.times > 1 else "once"
        how = "" if self.code is None else f", last with code {self.code}"
        return f"{self.program} has ended {often}{how}"


def write_ending(home: Home, ending: Ending) -> None:
    """Keep how a part has ended."""
    write_private(_path(home, ending.program), json.dumps(asdict(ending)))


def read_ending(home: Home, program: str) -> Ending | None:
    """Return how that part has ended of late; None when it has not."""
    try:
        return Ending(**json.loads(_path(home, program).read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def crash_looping_parts(home: Home) -> list[str]:
    """Return the parts that ended so often in a row that waiting for them is useless."""
    endings = [read_ending(home, name) for name in PROGRAMS]
    return [ending.program for ending in endings if ending and ending.times >= MAX_ENDINGS]


def forget_ending(home: Home, program: str) -> None:
    """Delete the record of a part's endings: it has run long enough by now."""
    _path(home, program).unlink(missing_ok=True)


def reason(home: Home, program: str) -> str:
    """Return how a part has ended and the last lines of its log, for people."""
    log, ending = home.log(program), read_ending(home, program)
    summary = [str(ending)] if ending else []
    return "\n".join([*summary, f"--- {log}", tail(log)])


def tail(log: Path, lines: int = TAIL_LINES) -> str:
    """Return the last lines of a log; a remark when there is none."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return "(no log was written)"
    return "\n".join(text.splitlines()[-lines:]) or "(it wrote nothing)"


def _path(home: Home, program: str) -> Path:
    return home.stack / f"{program}.ended"
