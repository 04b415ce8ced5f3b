"""The environment of the four processes, and so of every flow run: Prefect's settings in one place.

Secrets travel here and in private files, never in an argument, where every user could read them.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from stack.temporary import temporary_folder
from tasks.home import Home
from tasks.settings import Settings

MARK = "SLIPWAY_STACK"
"""Names the stack to which a process belongs; services do not inherit it."""

FOREIGN = ("PREFECT_", "PYTHON", "MAKE", "MFLAGS", "COVERAGE_", "PYTEST_")
"""Prefixes of variables that belong to whoever called us, not to what we start."""


def stack_environment(
    chosen: Settings, auth: str, mark: str, inherited: Mapping[str, str]
) -> dict[str, str]:
    """Return the environment of the stack's processes.

    Args:
        chosen: The settings.
        auth: The auth string of the API; empty for none.
        mark: The token of this start of the stack.
        inherited: The caller's environment.
    """
    kept = {name: value for name, value in inherited.items() if not name.startswith(FOREIGN)}
    path = f"{Path(sys.executable).parent}:{kept.get('PATH', '')}"
    return {
        **kept,
        "PATH": path,
        MARK: mark,
        "TMPDIR": str(temporary_folder(chosen.root)),
        **_slipway(chosen),
        **_prefect(chosen),
        **_database(chosen),
        **_password(auth),
    }


def _slipway(chosen: Settings) -> dict[str, str]:
    """Spell the settings out, so that every process reads the same whatever its folder."""
    secrets = {"ledger_url", "database_url"}
    plain = chosen.model_dump(mode="json", exclude=secrets)
    given = {name: getattr(chosen, name).get_secret_value() for name in secrets}
    named = {**plain, **{name: value for name, value in given.items() if value}}
    named["home"] = str(chosen.root)
    return {f"SLIPWAY_{name.upper()}": str(value) for name, value in named.items()}


def _prefect(chosen: Settings) -> dict[str, str]:
    retention = f"P{chosen.retention_days}D"
    return {
        "PREFECT_HOME": str(Home(chosen.root).prefect),
        "PREFECT_API_URL": chosen.api_url,
        "PREFECT_SERVER_API_HOST": chosen.host,
        "PREFECT_SERVER_API_PORT": str(chosen.server_port),
        "PREFECT_SERVER_UI_API_URL": chosen.api_url,
        "PREFECT_UI_URL": chosen.server_url,
        "PREFECT_UI_STATIC_DIRECTORY": str(Home(chosen.root).ui),
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": chosen.server_url,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": retention,
        "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": retention,
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        "PREFECT_WORKER_QUERY_SECONDS": f"{chosen.worker_query_seconds:g}",
        "PREFECT_WORKER_HEARTBEAT_SECONDS": "10",
        "PREFECT_TELEMETRY_ENABLE_RESOURCE_METRICS": "false",
        "PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED": "false",
        "PREFECT_CLI_COLORS": "false",
        "PREFECT_CLI_PROMPT": "false",
        "DO_NOT_TRACK": "1",
    }


def _database(chosen: Settings) -> dict[str, str]:
    url = chosen.database_url.get_secret_value()
    if not url:
        return {}
    tail = url.split("://", 1)[-1]
    return {"PREFECT_SERVER_DATABASE_CONNECTION_URL": f"postgresql+asyncpg://{tail}"}


def _password(auth: str) -> dict[str, str]:
    if not auth:
        return {}
    return {"PREFECT_API_AUTH_STRING": auth, "PREFECT_SERVER_API_AUTH_STRING": auth}
