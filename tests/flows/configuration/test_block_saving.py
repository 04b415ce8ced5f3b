"""Tests of saving blocks: unchanged ones are left alone."""

from __future__ import annotations

from typing import Any

import pytest
from prefect.blocks.core import Block
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import BlockDocument
from pydantic import SecretStr

from blocks.environment import Environment
from blocks.project import Project
from blocks.project_spec import ProjectSpec
from flows.configuration import block_saving
from flows.configuration.block_reading import documents
from flows.configuration.block_saving import is_saved, save_changed

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("prefect_server")]


def wanted(version: str = "main", token: str = "t0ken") -> dict[str, Block]:
    """Return six projects and an environment."""
    projects = {
        f"project/saving-{number}": Project.of(
            ProjectSpec.model_validate(
                {
                    "source": f"https://example.org/{number}.git",
                    "version": version if number == 3 else "main",
                    "services": {"web": {"command": "serve", "port": 8310}},
                    "credentials": {"https://example.org/": SecretStr(f"user:{token}")},
                }
            )
        )
        for number in range(6)
    }
    return projects | {"environment/saving": Environment(variables={"A": "1"})}


async def test_only_what_has_changed_is_saved() -> None:
    """Loading a file of twenty projects takes half a minute, although one line has changed."""
    first = await save_changed(wanted())
    assert sorted(first) == sorted(wanted())
    saved = await documents("slipway-project")
    assert {f"saving-{number}" for number in range(6)} <= set(saved)
    assert await save_changed(wanted()) == []
    assert await save_changed(wanted(version="next")) == ["project/saving-3"]
    assert (await documents("slipway-project"))["saving-3"]["version"] == "next"


async def test_what_was_saved_side_by_side_takes_one_request_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Broken: types and schemas are registered again for each file, or one block after another."""
    await save_changed(wanted())
    sent: list[str] = []
    send = PrefectClient.request

    async def request(client: Any, method: Any, path: Any, *args: Any, **kwargs: Any) -> Any:
        sent.append(f"{method} {path}")
        return await send(client, method, path, *args, **kwargs)

    monkeypatch.setattr(PrefectClient, "request", request)
    assert len(await save_changed(wanted(token="third"))) == 6
    assert len([each for each in sent if each.startswith("GET")]) == 2
    assert len(sent) == 2 + 6


async def test_where_one_cannot_be_saved_the_others_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: what is saved of a file hangs on which block was refused, and by chance."""
    await save_changed(wanted())
    save = block_saving._save

    async def refusing(client: Any, block: Block, name: str, before: Any) -> None:
        if name == "saving-0":
            raise RuntimeError("refused")
        await save(client, block, name, before)

    monkeypatch.setattr(block_saving, "_save", refusing)
    with pytest.raises(RuntimeError, match="refused"):
        await save_changed(wanted(token="fourth"))
    stored = await documents("slipway-project")
    new = [name for name, fields in stored.items() if "fourth" in str(fields["credentials"])]
    assert sorted(new) == [f"saving-{number}" for number in range(1, 6)]


async def test_a_secret_that_has_changed_is_saved() -> None:
    """A new token is never used, as both look the same where they are hidden."""
    await save_changed(wanted())
    assert len(await save_changed(wanted(token="another"))) == 6
    stored = (await documents("slipway-project"))["saving-0"]["credentials"]
    assert "another" in str(stored)


async def test_one_of_another_schema_is_saved_anew() -> None:
    """What a newer version declares secret stays readable in a block that is as it was."""
    await save_changed(wanted())
    async with get_client() as client:
        (document,) = [
            each
            for each in await client.read_block_documents_by_type("slipway-environment")
            if each.name == "saving"
        ]
    assert document.block_schema
    block = wanted()["environment/saving"]
    assert is_saved(block, document)
    document.block_schema.checksum = "sha256:0"
    assert not is_saved(block, document)
    assert not is_saved(block, None)


@pytest.mark.parametrize("saved_meanwhile", [True, False], ids=["saved", "removed"])
async def test_what_was_saved_or_removed_meanwhile_is_saved_all_the_same(
    saved_meanwhile: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two files that are loaded at once end in an error, and half of one is not loaded."""
    before = await _saved_documents_now("slipway-environment")
    await save_changed({"environment/saving": Environment(variables={"A": "1"})})
    now = await _saved_documents_now("slipway-environment")
    if not saved_meanwhile:
        async with get_client() as client:
            await client.delete_block_document(now["saving"].id)
    outdated = {name: before[name] for name in before if name != "saving"}
    outdated |= {} if saved_meanwhile else {"saving": now["saving"]}

    async def read_outdated(*_: object) -> dict[str, BlockDocument]:
        """Return the documents as they were before."""
        return outdated

    monkeypatch.setattr(block_saving, "block_documents", read_outdated)
    changed = {"environment/saving": Environment(variables={"A": "2"})}
    assert await save_changed(changed) == ["environment/saving"]
    assert (await documents("slipway-environment"))["saving"]["variables"] == {"A": "2"}


async def _saved_documents_now(slug: str) -> dict[str, BlockDocument]:
    async with get_client() as client:
        read = await client.read_block_documents_by_type(slug)
    return {str(document.name): document for document in read}
