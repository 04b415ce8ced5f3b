"""The default blocks of a fresh home: router, local provider, repository, three environments.

All but the router are only saved if no block of that name is configured yet.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import cast

from prefect.blocks.core import Block
from prefect.client.orchestration import get_client
from pydantic import SecretStr, ValidationError

from blocks.environment import Environment
from blocks.project import Project
from blocks.providers.shell import ShellProvider
from blocks.repositories.restic import ResticRepository
from blocks.routers.caddy import CaddyRouter
from flows.configuration.block_saving import block_of
from tasks.home import Home, write_private
from tasks.ledger.connection import open_ledger
from tasks.ledger.providers import register_provider
from tasks.settings import Settings

NAME = "local"
ENVIRONMENTS = ("dev", "staging", "prod")


def make_defaults(config: Settings) -> list[str]:
    """Save missing default blocks; return the names of those saved, `<slug>/<name>`."""
    router_block(config).save(NAME, overwrite=True)
    saved = []
    for name, block in missing_blocks(config):
        block.save(name)
        saved.append(f"{block.get_block_type_slug()}/{name}")
    _register_local(config)
    return [*saved, *renew_blocks()]


def renew_blocks() -> list[str]:
    """Save projects, environments and repositories of an older schema again; return their names.

    Prefect hides the fields that are secret in the schema with which a block was saved. A block
    that is invalid stays as it is: its users get the error.
    """
    renewed = []
    with get_client(sync_client=True) as client:
        for kind in (Project, Environment, ResticRepository):
            slug = kind.get_block_type_slug()
            secret = kind.model_json_schema()["secret_fields"]
            for document in client.read_block_documents_by_type(slug):
                schema = document.block_schema
                if document.name and schema and schema.fields.get("secret_fields") != secret:
                    with suppress(ValidationError):
                        block_of(kind, document.data).save(document.name, overwrite=True)
                        renewed.append(f"{slug}/{document.name}")
    return renewed


def router_block(config: Settings) -> CaddyRouter:
    """Return the router that the Procfile starts."""
    return CaddyRouter(
        directory=config.root / "router",
        host=config.host,
        first_port=config.router_port,
        slots=config.router_slots,
    )


def missing_blocks(config: Settings) -> Iterator[tuple[str, Block]]:
    """Yield the default blocks that are not configured yet, with their names."""
    if not _exists(ShellProvider, NAME):
        yield NAME, ShellProvider()
    if not _exists(ResticRepository, NAME):
        location, password = str(config.root / "backups"), repository_password(Home(config.root))
        yield NAME, ResticRepository(location=location, password=SecretStr(password))
    for name in ENVIRONMENTS:
        if not _exists(Environment, name):
            yield name, Environment()


def repository_password(home: Home) -> str:
    """Return the password of the default repository; generated once, kept beside the auth string.

    Without it no backup can be read, not even when Prefect's database is lost.
    """
    if not home.repository_password_file.exists():
        write_private(home.repository_password_file, secrets.token_urlsafe(24))
    return home.repository_password_file.read_text(encoding="utf-8").strip()


def _exists(block: type[Block], name: str) -> bool:
    try:
        block.load(name)
    except ValueError:
        return False
    return True


def _register_local(config: Settings) -> None:
    runner = cast("ShellProvider", ShellProvider.load(NAME)).provider(NAME)
    with closing(open_ledger(config.resolved_ledger_url())) as ledger:
        register_provider(
            ledger,
            NAME,
            runner.kind,
            runner.capacity,
            runner.speed,
            runner.price_per_hour,
            time.time(),
        )
