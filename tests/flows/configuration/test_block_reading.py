"""Tests of reading blocks: each type once where a flow asks for it again and again."""

from __future__ import annotations

import asyncio

import pytest
from prefect.client.schemas.objects import BlockDocument

from flows.configuration import block_reading
from flows.configuration.block_reading import block_documents, read_again, read_once


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect the types that the server is asked for."""
    asked: list[str] = []

    async def read(slug: str) -> dict[str, BlockDocument]:
        asked.append(slug)
        await asyncio.sleep(0)
        return {}

    monkeypatch.setattr(block_reading, "_read", read)
    return asked


async def test_inside_each_type_is_asked_for_once(asked: list[str]) -> None:
    """Broken: to load a file of twenty projects, all blocks are read ten times."""
    with read_once():
        await asyncio.gather(*(block_documents(slug) for slug in ("a", "b", "a")))
        await block_documents("a")
    assert asked == ["a", "b"]


async def test_what_was_saved_is_read_again(asked: list[str]) -> None:
    """Broken: the schedules of a project that was just saved are those of the former one."""
    with read_once():
        await block_documents("a")
        read_again("a")
        await block_documents("a")
    assert asked == ["a", "a"]


async def test_outside_each_reading_is_of_its_moment(asked: list[str]) -> None:
    """Broken: a second run in one process works with the blocks of the first."""
    with read_once():
        await block_documents("a")
    await block_documents("a")
    read_again("a")
    await block_documents("a")
    assert asked == ["a", "a", "a"]


@pytest.mark.prefect
@pytest.mark.usefixtures("prefect_server")
async def test_of_a_type_that_nobody_has_registered_there_is_no_block() -> None:
    """Broken: a new kind of provider ends every flow with HTTP 404."""
    assert await block_documents("slipway-nothing") == {}
