"""Saves blocks, but only those that are new or changed.

Each takes one request, by one client; `Block.save` takes some ten by a client of its own. A few go
side by side: on SQLite writers take turns, but the server does more for a block than to write it.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, cast

from prefect.blocks.core import Block
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import BlockDocumentCreate, BlockDocumentUpdate
from prefect.client.schemas.objects import BlockDocument
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from pydantic import ValidationError

from blocks.project import Project
from blocks.project_spec import ProjectSpec, spec_fields
from flows.configuration.block_reading import block_documents, read_again

_AT_ONCE = 4
"""Blocks that are saved at a time; a server on SQLite refuses a burst."""


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
    saved: list[str] = []
    async with get_client() as client:
        for kind, blocks_of_kind in by_kind.items():
            saved_before = await block_documents(kind.get_block_type_slug())
            changed = {
                path: block
                for path, block in blocks_of_kind.items()
                if not is_saved(block, saved_before.get(_name(path)))
            }
            if changed:
                await _save_all(client, kind, changed, saved_before)
                read_again(kind.get_block_type_slug())
            saved += changed
    return saved


async def _save_all(
    client: PrefectClient,
    kind: type[Block],
    changed: Mapping[str, Block],
    saved_before: Mapping[str, BlockDocument],
) -> None:
    """Save blocks of one kind; where one cannot be saved, the others are."""
    await _prepare(client, kind, saved_before.values())
    places = asyncio.Semaphore(_AT_ONCE)

    async def save(path: str, block: Block) -> None:
        """Save one, as soon as there is a place."""
        async with places:
            await _save(client, block, _name(path), saved_before.get(_name(path)))

    saves = [save(path, block) for path, block in changed.items()]
    for result in await asyncio.gather(*saves, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result


async def _prepare(
    client: PrefectClient, kind: type[Block], saved_before: Iterable[BlockDocument]
) -> None:
    """Register the type and the schema of ``kind``, unless a saved block says that they are."""
    for document in saved_before:
        if document.block_schema and document.block_schema.checksum == _checksum(kind):
            kind._block_type_id = document.block_type_id  # noqa: SLF001 - registering sets both
            kind._block_schema_id = document.block_schema_id  # noqa: SLF001 - as above
            return
    await cast("Any", kind.aregister_type_and_schema(client=client))


@cache
def _checksum(kind: type[Block]) -> str:
    """Return what tells the current schema of ``kind`` from others."""
    return str(kind._calculate_schema_checksum())  # noqa: SLF001 - there is no public name


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
    if document.block_schema.checksum != _checksum(kind):
        return False
    try:
        return block_of(kind, document.data).model_dump() == block.model_dump()
    except ValidationError:
        return False
