"""The environment variables of the stack's processes and of flow runs, with Prefect's settings.

Secrets are passed here and in private files, never in an argument, which every user could read.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from stack.temporary import temporary_folder
from tasks.home import Home
from tasks.settings import Settings

MARK = "SLIPWAY_STACK"
"""Variable that names the stack to which a process belongs; services do not inherit it."""

FOREIGN = ("PREFECT_", "PYTHON", "MAKE", "MFLAGS", "COVERAGE_", "PYTEST_")
"""Prefixes of the caller's variables that are not passed on to the processes that we start."""


def stack_environment(
    config: Settings, auth: str, mark: str, inherited: Mapping[str, str]
) -> dict[str, str]:
    """Return the environment of the stack's processes.

    Args:
        config: The settings.
        auth: The auth string of the API; empty for none.
        mark: The token of this start of the stack.
        inherited: The caller's environment.
    """
    passed_on = {name: value for name, value in inherited.items() if not name.startswith(FOREIGN)}
    path = f"{Path(sys.executable).parent}:{passed_on.get('PATH', '')}"
    return {
        **passed_on,
        "PATH": path,
        MARK: mark,
        "TMPDIR": str(temporary_folder(config.root)),
        **_slipway(config),
        **_prefect(config),
        **_database(config),
        **_password(auth),
    }


def _slipway(config: Settings) -> dict[str, str]:
    """Return all settings as variables, so that every process in any folder reads the same."""
    secrets = {"ledger_url", "database_url"}
    plain = config.model_dump(mode="json", exclude=secrets)
    secret_values = {name: getattr(config, name).get_secret_value() for name in secrets}
    variables = {**plain, **{name: value for name, value in secret_values.items() if value}}
    variables["home"] = str(config.root)
    return {f"SLIPWAY_{name.upper()}": str(value) for name, value in variables.items()}


def _prefect(config: Settings) -> dict[str, str]:
    retention = f"P{config.retention_days}D"
    return {
        "PREFECT_HOME": str(Home(config.root).prefect),
        "PREFECT_API_URL": config.api_url,
        "PREFECT_SERVER_API_HOST": config.host,
        "PREFECT_SERVER_API_PORT": str(config.server_port),
        "PREFECT_SERVER_UI_API_URL": config.api_url,
        "PREFECT_UI_URL": config.server_url,
        "PREFECT_UI_STATIC_DIRECTORY": str(Home(config.root).ui),
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": config.server_url,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": retention,
        "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": retention,
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        "PREFECT_WORKER_QUERY_SECONDS": "0.05",  # our worker itself waits until it may look
        "PREFECT_WORKER_HEARTBEAT_SECONDS": "10",
        "PREFECT_TELEMETRY_ENABLE_RESOURCE_METRICS": "false",
        # The server gives out no such tokens, and each client would ask for one first.
        "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED": "false",
        "PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED": "false",
        "PREFECT_CLI_COLORS": "false",
        "PREFECT_CLI_PROMPT": "false",
        "DO_NOT_TRACK": "1",
    }


def _database(config: Settings) -> dict[str, str]:
    url = config.database_url.get_secret_value()
    if not url:
        return {}
    tail = url.split("://", 1)[-1]
    return {"PREFECT_SERVER_DATABASE_CONNECTION_URL": f"postgresql+asyncpg://{tail}"}


def _password(auth: str) -> dict[str, str]:
    if not auth:
        return {}
    return {"PREFECT_API_AUTH_STRING": auth, "PREFECT_SERVER_API_AUTH_STRING": auth}
