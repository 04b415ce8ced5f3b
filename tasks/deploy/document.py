"""A rollout as a JSON document, which the ledger keeps, and back; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from tasks.deploy.rollout import Rollout

_ROLLOUT: TypeAdapter[Rollout] = TypeAdapter(Rollout)


def to_document(rollout: Rollout) -> dict[str, Any]:
    """Return ``rollout`` as values that JSON has."""
    document: dict[str, Any] = _ROLLOUT.dump_python(rollout, mode="json")
    return document


def from_document(document: Mapping[str, Any]) -> Rollout:
    """Return the rollout that ``document`` holds.

    Raises:
        pydantic.ValidationError: It holds none.
    """
    return _ROLLOUT.validate_python(dict(document))
