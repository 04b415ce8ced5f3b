"""Tests of the environment variables of the stack's processes and of flow runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from stack.environment import MARK, stack_environment
from tasks.settings import Settings

CALLER = {
    "PATH": "/bin",
    "LANG": "C.UTF-8",
    "PREFECT_API_URL": "http://elsewhere/api",
    "PREFECT_PROFILE": "work",
    "PYTHONPATH": "/elsewhere",
    "MAKEFLAGS": "w",
    "RESTIC_CACHE_DIR": "/cache",
}


def environment(auth: str = "admin:secret", **fields: object) -> dict[str, str]:
    """Return the environment under settings of our own."""
    return stack_environment(Settings.model_validate(fields), auth, "mark", CALLER)


def test_the_callers_prefect_and_python_stay_outside() -> None:
    """Flow runs would talk to the user's other Prefect, or import another tree."""
    variables = environment(server_port=4711)
    assert variables["PREFECT_API_URL"] == "http://127.0.0.1:4711/api"
    assert not {"PREFECT_PROFILE", "PYTHONPATH", "MAKEFLAGS"} & set(variables)
    assert (variables["LANG"], variables["RESTIC_CACHE_DIR"], variables[MARK]) == (
        "C.UTF-8",
        "/cache",
        "mark",
    )


def test_our_interpreter_comes_first() -> None:
    """The Procfile's `python` would be another one."""
    assert environment()["PATH"].split(":")[0] == str(Path(sys.executable).parent)


def test_settings_travel_whole(tmp_path: Path) -> None:
    """A process in another folder would use another home, or another pool."""
    variables = environment(home=tmp_path / "home", work_pool="own", router_slots=3)
    own = {name: value for name, value in variables.items() if name.startswith("SLIPWAY_")}
    assert own["SLIPWAY_HOME"] == str(tmp_path / "home")
    assert (own["SLIPWAY_WORK_POOL"], own["SLIPWAY_ROUTER_SLOTS"]) == ("own", "3")
    assert "SLIPWAY_DATABASE_URL" not in own


def test_one_setting_puts_prefect_on_postgresql() -> None:
    """The server would stay on SQLite, silently."""
    variables = environment(database_url=SecretStr("postgresql://me:word@db/slipway"))
    config = variables["PREFECT_SERVER_DATABASE_CONNECTION_URL"]
    assert config == "postgresql+asyncpg://me:word@db/slipway"
    assert variables["SLIPWAY_DATABASE_URL"] == "postgresql://me:word@db/slipway"


def test_without_a_password_none_is_set() -> None:
    """The server would ask for a password that is empty."""
    assert not [name for name in environment(auth="") if "AUTH_STRING" in name]


@pytest.mark.prefect
def test_prefect_understands_every_setting() -> None:
    """A misspelt setting is ignored in silence: no password, no retention, open to all origins."""
    script = """
import json
from prefect.settings import get_current_settings
now = get_current_settings()
vacuum = now.server.services.db_vacuum
print(json.dumps({
    "auth": now.server.api.auth_string.get_secret_value(),
    "client": now.api.auth_string.get_secret_value(),
    "cors": now.server.api.cors_allowed_origins,
    "ui": now.server.ui.api_url,
    "analytics": now.server.analytics_enabled,
    "promotion": now.server.ui.show_promotional_content,
    "vacuum": sorted(vacuum.enabled_vacuum_types),
    "retention": [vacuum.retention_period.days, now.server.events.retention_period.days],
    "query": now.worker.query_seconds,
    "csrf": [now.client.csrf_support_enabled, now.server.api.csrf_protection_enabled],
    "home": str(now.home),
}))"""
    variables = environment(retention_days=12, server_port=4711)
    done = subprocess.run(
        [sys.executable, "-c", script], env=variables, check=True, capture_output=True, text=True
    )
    assert json.loads(done.stdout) == {
        "auth": "admin:secret",
        "client": "admin:secret",
        "cors": "http://127.0.0.1:4711",
        "ui": "http://127.0.0.1:4711/api",
        "analytics": False,
        "promotion": False,
        "vacuum": ["events", "flow_runs", "orphans"],
        "retention": [12, 12],
        "query": 0.05,
        "csrf": [False, False],
        "home": variables["PREFECT_HOME"],
    }
