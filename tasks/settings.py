"""All settings of Slipway, which are read from `SLIPWAY_*` in the environment or in `.env`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from tasks.errors import BadInputError
from tasks.text import read_text
from tasks.validation_errors import bad_input

_FILE = ".env"


class Settings(BaseSettings):
    """Where things live, on which ports, and how the parts talk to each other."""

    model_config = SettingsConfigDict(
        env_prefix="SLIPWAY_",
        env_file=_FILE,
        env_file_encoding="utf-8-sig",
        extra="ignore",
        frozen=True,
    )

    home: Path = Field(
        default=Path(".slipway"), description="Folder of everything Slipway keeps; never shared"
    )
    ledger_url: SecretStr = Field(
        default=SecretStr(""),
        description="Ledger database, of one host; empty: SQLite below the home",
    )
    database_url: SecretStr = Field(
        default=SecretStr(""),
        description=(
            "One PostgreSQL URL for Prefect and the ledger "
            "(postgresql://user:password@host/name); empty: SQLite"
        ),
    )
    host: str = Field(default="127.0.0.1", description="Address that server and services bind")
    server_port: int = Field(default=4200, ge=1, le=65535, description="Prefect server and UI")
    router_port: int = Field(
        default=8300, ge=1, le=65535, description="First of the router's public ports"
    )
    router_slots: int = Field(
        default=32,
        ge=1,
        le=512,
        description="Public ports provisioned ahead, one a service; `make up` adds more to a router that runs",
    )
    service_port_low: int = Field(default=20000, ge=1024, le=65535, description="First port leased")
    service_port_high: int = Field(default=20999, ge=1024, le=65535, description="Last port leased")
    auth: bool = Field(default=True, description="Whether the Prefect API asks for a password")
    work_pool: str = Field(default="slipway", description="Prefect work pool of the worker")
    worker_query_seconds: float = Field(
        default=0.5,
        gt=0,
        description="How often the worker asks for flow runs while the server sends no events",
    )
    retention_days: int = Field(
        default=30, ge=1, description="After how many days Prefect forgets finished flow runs"
    )
    lease_seconds: float = Field(
        default=15.0, gt=0, description="How long a silent owner keeps what it holds"
    )
    reconcile_seconds: float = Field(
        default=2.0, gt=0, description="How often the reconciler looks at everything"
    )
    sample_seconds: float = Field(
        default=10.0, gt=0, description="How often machine and services are measured"
    )
    sample_days: float = Field(
        default=7.0, gt=0, description="After how many days measurements are forgotten"
    )
    start_seconds: float = Field(
        default=120.0, gt=0, description="How long `make up` waits for everything to answer"
    )
    build_seconds: float = Field(
        default=1800.0,
        gt=0,
        description="How long a build may take, all its commands together; then it is ended",
    )
    archive_mib: int = Field(
        default=512, ge=1, description="How much an archive may have in it when unpacked, in MiB"
    )
    archive_members: int = Field(
        default=200_000, ge=1, description="How many files, folders and links an archive may have"
    )
    keep_workspaces: Literal["failed", "always", "never"] = Field(
        default="failed",
        description="Of which ended workloads the workspace is kept: the 5 newest, for 7 days",
    )
    run_days: float = Field(
        default=30.0,
        gt=0,
        description="After how many days folders of ended steps and services are deleted",
    )
    run_mib: int = Field(
        default=4096, ge=1, description="How much the folders of either may take, in MiB"
    )
    history_days: float = Field(
        default=400.0,
        gt=0,
        description="After how many days the ledger deletes its history, but the newest of each key",
    )
    history_rows: int = Field(
        default=500_000, ge=1000, description="How many rows of each kind of history are kept"
    )
    roots: str = Field(
        default="",
        description=(
            "Folders, with `:` between them, in which files and targets that operations are given "
            "may lie; empty: the folder of Slipway, your home, and /tmp"
        ),
    )
    keep_releases: int = Field(default=5, ge=2, description="Releases of a project kept on disk")

    @property
    def root(self) -> Path:
        """The home folder, absolute."""
        return self.home.expanduser().resolve()

    @property
    def allowed_roots(self) -> tuple[Path, ...]:
        """The folders in which paths that are given to operations may lie."""
        named = tuple(Path(each) for each in self.roots.split(":") if each)
        return named or (Path.cwd(), Path.home(), Path("/tmp"))  # noqa: S108 - of all users

    @property
    def server_url(self) -> str:
        """Address of the Prefect server and its UI."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.server_port}"

    @property
    def api_url(self) -> str:
        """Address of the Prefect API."""
        return f"{self.server_url}/api"

    @property
    def ledger_is_at_home(self) -> bool:
        """Whether the ledger lies in the home, and so moves with it."""
        return not (self.ledger_url.get_secret_value() or self.database_url.get_secret_value())

    def resolved_ledger_url(self) -> str:
        """Return the SQLAlchemy URL of the ledger."""
        if explicit := self.ledger_url.get_secret_value() or self.database_url.get_secret_value():
            return explicit.replace("postgresql://", "postgresql+psycopg://", 1)
        return f"sqlite:///{self.root / 'ledger.db'}"


@cache
def settings() -> Settings:
    """Return the settings of this process, read once.

    Raises:
        BadInputError: A setting has an invalid value, or the file of settings is not UTF-8.
    """
    if Path(_FILE).is_file():
        read_text(_FILE, Path(_FILE))
    return checked_settings({})


def checked_settings(values: Mapping[str, Any]) -> Settings:
    """Return settings with these ``values``, by field; all others are those of this process.

    Raises:
        BadInputError: It names the variable that has an invalid value.
    """
    try:
        config = Settings(**values)
    except ValidationError as error:
        fault = bad_input(error, Settings)
        name = f"SLIPWAY_{fault.field.upper()}"
        raise BadInputError(name, fault.value, fault.problem, fault.remedy) from error
    low, high = config.service_port_low, config.service_port_high
    if low > high:
        problem = f"is below SLIPWAY_SERVICE_PORT_LOW, which is {low}: no port could be leased"
        remedy = f"Write {low} or more, or set SLIPWAY_SERVICE_PORT_LOW to {high} or less."
        raise BadInputError("SLIPWAY_SERVICE_PORT_HIGH", high, problem, remedy)
    return config
