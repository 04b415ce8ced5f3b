"""Saves blocks, but only those that are new or changed.

Each takes one request, by one client; `Block.save` takes some ten by a client of its own. It saves
one after another: on SQLite writers take turns anyway.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, cast

import httpx
from prefect.blocks.core import Block
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import BlockDocumentCreate, BlockDocumentUpdate
from prefect.client.schemas.objects import BlockDocument
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from pydantic import ValidationError

from blocks.project import Project
from blocks.project_spec import ProjectSpec, spec_fields


def block_of(kind: type[Block], fields: dict[str, Any]) -> Block:
    """Return the block of ``kind`` that was saved with ``fields``, built with the current schema.

    Raises:
        ValidationError: The fields are invalid under the current schema.
    """
    if kind is Project:
        return Project.of(ProjectSpec.model_validate(spec_fields(fields)))
    return kind(**fields)


async def save_changed(blocks: Mapping[str, Block]) -> list[str]:
    """Save those of ``blocks`` (by `<type>/<name>`) that are new or changed; return their paths."""
    by_kind: dict[type[Block], dict[str, Block]] = defaultdict(dict)
    for path, block in blocks.items():
        by_kind[type(block)][path] = block
    saved = []
    async with get_client() as client:
        for kind, blocks_of_kind in by_kind.items():
            saved_before = await _saved_documents(client, kind)
            changed = {
                path: block
                for path, block in blocks_of_kind.items()
                if not is_saved(block, saved_before.get(_name(path)))
            }
            if changed:
                await cast("Any", kind.aregister_type_and_schema(client=client))
            for path, block in changed.items():
                await _save(client, block, _name(path), saved_before.get(_name(path)))
                saved.append(path)
    return saved


def _name(path: str) -> str:
    return path.split("/")[1]


async def _save(
    client: PrefectClient, block: Block, name: str, saved_before: BlockDocument | None
) -> None:
    """Save a block whose type and schema are registered, in one request."""
    document = block._to_block_document(name=name, include_secrets=True)  # noqa: SLF001 - `asave` does it so
    try:
        if saved_before is None:
            new = document.model_dump(include=set(BlockDocumentCreate.model_fields))
            await client.create_block_document(BlockDocumentCreate(**new))
        else:
            change = document.model_dump(include={"block_schema_id", "data"})
            await client.update_block_document(saved_before.id, BlockDocumentUpdate(**change))
    except (ObjectAlreadyExists, ObjectNotFound):  # it was saved or removed meanwhile
        await block.asave(name, overwrite=True)


def is_saved(block: Block, document: BlockDocument | None) -> bool:
    """Tell whether ``document`` holds ``block`` as it is, under the current schema."""
    if document is None or document.block_schema is None:
        return False
    kind = type(block)
    if document.block_schema.checksum != kind._calculate_schema_checksum():  # noqa: SLF001 - there is no public name
        return False
    try:
        return block_of(kind, document.data).model_dump() == block.model_dump()
    except ValidationError:
        return False


async def _saved_documents(client: PrefectClient, kind: type[Block]) -> dict[str, BlockDocument]:
    try:
        documents = await client.read_block_documents_by_type(kind.get_block_type_slug())
    except httpx.HTTPStatusError as error:
        if error.response.status_code == httpx.codes.NOT_FOUND:  # nobody has saved one yet
            return {}
        raise
    return {document.name: document for document in documents if document.name}
