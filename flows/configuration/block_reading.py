"""Reads block documents by their type; within `read_once` each type is asked for once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import BlockDocument

_Reading = dict[str, "asyncio.Future[dict[str, BlockDocument]]"]
_READ: ContextVar[_Reading | None] = ContextVar("read", default=None)


@contextmanager
def read_once() -> Iterator[None]:
    """Read the blocks of each type once inside, however often they are asked for.

    What is saved inside is read again. So a flow that checks and saves sees one state of each type.
    """
    token = _READ.set({})
    try:
        yield
    finally:
        _READ.reset(token)


async def block_documents(slug: str) -> dict[str, BlockDocument]:
    """Return every block document of the type ``slug``, by its name."""
    reading = _READ.get()
    if reading is None:
        return await _read(slug)
    if slug not in reading:
        reading[slug] = asyncio.ensure_future(_read(slug))
    return await reading[slug]


async def documents(slug: str) -> dict[str, dict[str, Any]]:
    """Return the fields of every block of the type ``slug``, by block name."""
    return {name: document.data for name, document in (await block_documents(slug)).items()}


def read_again(slug: str) -> None:
    """Read the blocks of that type again when they are next asked for."""
    if reading := _READ.get():
        reading.pop(slug, None)


async def _read(slug: str) -> dict[str, BlockDocument]:
    async with get_client() as client:
        try:
            read = await client.read_block_documents_by_type(slug)
        except httpx.HTTPStatusError as error:
            if error.response.status_code == httpx.codes.NOT_FOUND:  # no such type is registered
                return {}
            raise
    return {document.name: document for document in read if document.name}
