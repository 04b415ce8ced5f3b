"""The effects of steps, as they note them outside of Slipway: each begin and end, with its attempt.

Pure, but for reading and writing these files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BEGIN, END = "begin", "end"
SCRIPT = """
note() { printf '%s %s\\n' "$1" "$SLIPWAY_OUTPUT" >>"$EFFECTS/$2"; }
note begin "$1"
echo "did $1"
sleep "$2"
note end "$1"
"""
"""Notes, prints a line, sleeps, and notes again; the name of its file is its first argument."""
_RETRIES = 2


@dataclass(frozen=True, slots=True)
class Effect:
    """A note of a step: that the attempt in that folder began, or ended."""

    kind: str
    attempt: Path


@dataclass(frozen=True, slots=True)
class Deviations:
    """The steps that never ended, that ran more often than they may, and that ran again as they may."""

    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    repeated: tuple[str, ...]


def effects_of(folder: Path) -> dict[str, list[Effect]]:
    """Return the effects by step; a line that is not complete yet is left out."""
    return {path.name: _effects(path.read_text(encoding="utf-8")) for path in folder.iterdir()}


def _effects(text: str) -> list[Effect]:
    lines = [line.split(" ", 1) for line in text.split("\n")[:-1]]
    return [Effect(kind, Path(output).parent) for kind, output in lines]


def deviations(
    expected: Collection[str],
    effects: Mapping[str, Sequence[Effect]],
    cut_off: Collection[Path],
) -> Deviations:
    """Return what is not as promised: each step has its effect, and has it once.

    ``cut_off`` are the attempts whose lane was killed: nobody knows how far they came, and they are
    repeated.
    """
    lost, doubled, repeated = [], [], []
    for step in expected:
        noted = effects.get(step, ())
        times = Counter((each.kind, each.attempt) for each in noted)
        attempts = {each.attempt for each in noted}
        counted = attempts - set(cut_off)
        if not any(each.kind == END for each in noted):
            lost.append(step)
        if max(times.values(), default=0) > 1 or len(counted) > 1:
            doubled.append(step)
        elif len(attempts) > 1:
            repeated.append(step)
    return Deviations(tuple(lost), tuple(doubled), tuple(repeated))


def names_of(shape: str) -> list[str]:
    """Return the names of the steps of a workload of that shape."""
    return {
        "needs": [f"{part}{n}" for part in ("first", "then", "last") for n in range(4)],
        "short": [f"short{n}" for n in range(60)],
        "many": [f"many{n}" for n in range(320)],
    }[shape]


def workload(shape: str, effects: Path) -> dict[str, Any]:
    """Return a workload of that shape whose steps note their effects in a folder."""
    return {"kind": "steps", "steps": _steps(shape, {"EFFECTS": str(effects)})}


def _steps(shape: str, variables: dict[str, str]) -> list[dict[str, Any]]:
    common: dict[str, Any] = {
        "retries": _RETRIES,
        "variables": variables,
        "demand": {"cpus": 0.1, "memory_mib": 16, "slots": 1},
    }
    if shape == "needs":
        needs: dict[str, list[str]] = {"first": [], "then": ["first"], "last": ["then"]}
        return [
            {
                **common,
                "id": f"{part}{n}",
                "run": ["sh", "step.sh", f"{part}{n}", f"0.{n + 1}"],
                "needs": [f"{need}{n ^ 1}" for need in needs[part]],
            }
            for part in needs
            for n in range(4)
        ]
    count = len(names_of(shape))
    return [
        {
            **common,
            "id": shape,
            "matrix": {"n": list(range(count))},
            "run": ["sh", "step.sh", f"{shape}{{matrix.n}}", "0.03" if shape == "short" else "0"],
        }
    ]
