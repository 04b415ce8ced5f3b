"""Trained model versions: their data, code, scores, and whether they were published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from sqlalchemy import func, insert, select

from tasks.ledger.connection import Ledger
from tasks.ledger.tables.learning import models as table


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """One version of the model ``name``; times are epoch seconds.

    It was trained from ``runs`` runs submitted between ``since`` and ``until``, by code with the
    digest ``code``. ``champion`` names the published model since then: this version, an older one,
    or a simple rule; ``why`` gives the scores that decided it.
    """

    name: str
    version: int
    trained_at: float
    since: float
    until: float
    runs: int
    code: str
    scores: Mapping[str, float]
    champion: str
    why: str = ""


def record_model(ledger: Ledger, trained: TrainedModel) -> int:
    """Record a version; return its number, which is the next free one if it was 0."""
    newest = select(func.max(table.c.version)).where(table.c.name == trained.name)
    with ledger.write() as connection:
        version = trained.version or (connection.execute(newest).scalar_one() or 0) + 1
        values = asdict(trained) | {"version": version, "scores": dict(trained.scores)}
        connection.execute(insert(table).values(**values))
    return version


def models(ledger: Ledger, name: str | None = None, limit: int = 100) -> list[TrainedModel]:
    """Return the versions of one model, or of all, the newest first."""
    query = select(table).order_by(table.c.trained_at.desc(), table.c.version.desc()).limit(limit)
    if name is not None:
        query = query.where(table.c.name == name)
    with ledger.read() as connection:
        return [TrainedModel(**row) for row in connection.execute(query).mappings()]
