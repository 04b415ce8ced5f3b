"""The block of a restic repository on a disk, S3, SFTP or a REST server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prefect.blocks.core import Block
from prefect.types import SecretDict
from pydantic import Field, HttpUrl, SecretStr, model_validator

from blocks.credentials import apart, plain, together
from blocks.logo import logo
from blocks.parameter import Decimal
from blocks.repositories.restic_engine import ResticEngine


class ResticRepository(Block):
    """Where backups live: a restic repository, encrypted and incremental.

    Example:
        Back up to a folder; the first backup creates the repository:
        ```python
        from blocks.repositories.restic import ResticRepository

        ResticRepository(
            location="/srv/backups/shop", password="a long sentence of your own"
        ).save("default")
        ```
    """

    _block_type_name = "Slipway Restic Repository"
    _block_type_slug = "slipway-restic-repository"
    _logo_url = logo("slipway-restic-repository")
    _documentation_url = HttpUrl(
        "https://restic.readthedocs.io/en/stable/030_preparing_a_new_repo.html"
    )
    _description = "Where backups live: a restic repository on a disk, S3, SFTP or a REST server."

    location: str = Field(
        min_length=1,
        title="Location",
        description="A folder, or `s3:...`, `sftp:user@host:/path`, `rest:https://...`",
    )
    password: SecretStr = Field(
        min_length=1,
        title="Password",
        description="Encrypts every backup; without it nothing can be restored: keep a copy",
    )
    variables: SecretDict = Field(
        default_factory=lambda: SecretDict({}),
        title="Variables",
        description='Credentials of the place, e.g. {"AWS_ACCESS_KEY_ID": "..."}; never shown',
    )
    credentials: SecretDict = Field(
        default_factory=lambda: SecretDict({}),
        title="Credentials",
        description=(
            'The user of an HTTP location, by its address, e.g. {"https://example.org/shop/": '
            '"user:password"}; users within the location are moved here; never shown'
        ),
    )
    lock_wait_seconds: Decimal = Field(
        default=60,
        ge=0,
        title="Lock wait (seconds)",
        description="How long to wait for another backup or check of this repository",
    )

    @model_validator(mode="before")
    @classmethod
    def _take_user_apart(cls, fields: Any) -> Any:
        """Move the user out of the location, which everybody may read."""
        if not isinstance(fields, Mapping) or not isinstance(fields.get("location"), str):
            return fields
        location, users = apart(fields["location"])
        if not users:
            return fields
        credentials = users | plain(fields.get("credentials"))
        return {**fields, "location": location, "credentials": credentials}

    def engine(self) -> ResticEngine:
        """Return what runs restic for this repository; nothing is touched yet."""
        variables: dict[str, Any] = self.variables.get_secret_value()
        return ResticEngine(
            location=together(self.location, plain(self.credentials)),
            password=self.password.get_secret_value(),
            variables={key: str(value) for key, value in variables.items()},
            lock_wait_seconds=self.lock_wait_seconds,
        )
