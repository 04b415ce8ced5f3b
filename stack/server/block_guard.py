"""Guards Slipway's block types against deletion, which would delete every block with them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from stack.server.refusal import LEAVE, Session, intercept, models, refuse_deletion

_OURS = "slipway-"
"""Prefix of the slugs of our types."""
_PROBLEM = "is how Slipway is configured"


def guard_block_types() -> None:
    """Intercept deletions of block types and schemas in this process."""
    intercept(models.block_types, "delete_block_type", _keep_type)
    intercept(models.block_schemas, "delete_block_schema", _keep_schema)


async def _keep_type(session: Session, block_type_id: UUID) -> None:
    _keep("block type", await models.block_types.read_block_type(session, block_type_id))


async def _keep_schema(session: Session, block_schema_id: UUID) -> None:
    schema = await models.block_schemas.read_block_schema(session, block_schema_id)
    _keep("schema of the block type", schema and schema.block_type)


def _keep(kind: str, block_type: Any) -> None:
    if block_type is not None and block_type.slug.startswith(_OURS):
        refuse_deletion(kind, block_type.slug, _PROBLEM, f"{LEAVE}, without what it held.")
