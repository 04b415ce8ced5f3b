"""The store of trained models on disk: arrays and JSON, no pickle, so that loading runs no code."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from analytics.statistics.forest import Forest

KEPT_VERSIONS = 5


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A stored forest and its origin.

    ``since`` and ``until`` are the epoch seconds between which its ``runs`` were submitted,
    ``code`` the digest of the code that grew it, ``scores`` those of its backtest.
    """

    name: str
    version: int
    since: float
    until: float
    runs: int
    code: str
    scores: Mapping[str, float]
    features: tuple[str, ...]
    forest: Forest


def code_digest() -> str:
    """Return the digest of this package's code: other code may give features another meaning."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parents[1].rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def save(directory: Path, model: StoredModel) -> Path:
    """Write a model and drop all but the newest versions; return its file."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{model.name}-{model.version:06}.npz"
    metadata = {key: value for key, value in _described(model).items() if key != "forest"}
    text = np.frombuffer(json.dumps(metadata).encode(), dtype=np.uint8)
    partial = path.with_suffix(".part")
    with partial.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, described=text, **asdict(model.forest))
    partial.replace(path)
    for old in versions(directory, model.name)[:-KEPT_VERSIONS]:
        old.unlink()
    return path


def load(path: Path) -> StoredModel:
    """Read a model.

    Raises:
        ValueError: Where the file holds anything but arrays of numbers.
    """
    with np.load(path, allow_pickle=False) as archive:
        metadata = json.loads(archive["described"].tobytes())
        parts = {field.name: archive[field.name] for field in fields(Forest)}
    parts["classes"] = int(parts["classes"])
    metadata["features"] = tuple(metadata["features"])
    return StoredModel(**metadata, forest=Forest(**parts))


def versions(directory: Path, name: str) -> list[Path]:
    """Return the files of a model's versions, the newest last."""
    return sorted(directory.glob(f"{name}-*.npz"))


def _described(model: StoredModel) -> dict[str, object]:
    return {field.name: getattr(model, field.name) for field in fields(model)}
