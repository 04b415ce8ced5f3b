"""A project of the benchmark: where it comes from, what it needs, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks.projects.workshop import Workshop

Keys = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    """What a newcomer writes: `source` and the two versions; both empty for a folder as it is."""

    location: str
    first: str = ""
    second: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A text in what is answered at ``path`` of the first version and of the second one.

    ``launched`` is in what the first version answers when it was launched once.
    """

    first: str
    second: str
    path: str = "/"
    launched: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the configuration, and the text in what ``path`` answers only since then.

    ``keys`` are those of the project, ``variables`` those of its environment. ``{folder}`` in
    either stands for a folder of the project that no release has.
    """

    seen: str
    keys: Keys = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    path: str = "/"


@dataclass(frozen=True, slots=True)
class Record:
    """Something that users leave in the project: posted to ``path`` and read from there again.

    ``{token}`` in ``body`` is random. ``data`` is where it lies below the source, empty if the
    project keeps it in the folder that Slipway gives it.
    """

    path: str
    body: str
    data: str = ""
    content_type: str = "text/plain"


@dataclass(frozen=True, slots=True)
class Suite:
    """A workload, what it needs beside the project, and how many tests of it have to be seen."""

    workload: Keys
    at_least: int
    by_hand: Keys = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Subject:
    """One of the projects; what has to be added by hand is tried only where it does not go without.

    ``answer`` is None for a library: it has workloads only.
    """

    name: str
    origin: str
    prepare: Callable[[Workshop], Source]
    suite: Suite
    change: Change
    answer: Answer | None = None
    by_hand: Keys = field(default_factory=dict)
    record: Record | None = None


def merged(keys: Keys, more: Keys) -> dict[str, Any]:
    """Return ``keys`` with ``more`` laid over them, maps within maps as well."""
    together = dict(keys)
    for name, value in more.items():
        beneath = together.get(name)
        both = isinstance(beneath, Mapping) and isinstance(value, Mapping)
        together[name] = merged(beneath, value) if both and beneath is not None else value
    return together


def leaves(keys: Keys) -> int:
    """Return how many keys with a value of their own somebody has to write."""
    return sum(leaves(value) if isinstance(value, Mapping) else 1 for value in keys.values())
