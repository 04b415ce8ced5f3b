"""Tests of prefect.toml, which every process reads that imports Prefect in this folder."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest
from prefect.settings import Settings as PrefectSettings
from prefect.settings import get_current_settings

from stack.environment import stack_environment
from tasks.settings import Settings
from tests.readme import ROOT

OTHER = "http://127.0.0.1:4711/api"


@pytest.fixture(autouse=True)
def without_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set no address but where a test does."""
    monkeypatch.delenv("PREFECT_API_URL")


def test_it_names_the_default_port_and_nothing_else() -> None:
    """A plain `prefect` would talk to no server or to another one, or a password be published."""
    document = tomllib.loads((ROOT / "prefect.toml").read_text(encoding="utf-8"))
    port = Settings.model_fields["server_port"].default
    host = Settings.model_fields["host"].default
    assert document == {"api": {"url": f"http://{host}:{port}/api"}}


def test_it_holds_in_this_folder_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Steps and services, which run in folders of their own, would talk to the stack."""
    monkeypatch.chdir(ROOT)
    assert PrefectSettings().api.url == "http://127.0.0.1:4200/api"
    below = ROOT / "tests"
    for folder in (below, tmp_path):
        monkeypatch.chdir(folder)
        assert PrefectSettings().api.url is None


def test_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack on another port would talk to whoever has the default one."""
    monkeypatch.chdir(ROOT)
    variables = stack_environment(Settings(server_port=4711), "", "mark", os.environ)
    monkeypatch.setenv("PREFECT_API_URL", variables["PREFECT_API_URL"])
    assert PrefectSettings().api.url == OTHER


def test_a_line_of_env_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Who has another port in .env could not have the address beside it."""
    (tmp_path / "prefect.toml").write_text((ROOT / "prefect.toml").read_text())
    (tmp_path / ".env").write_text(f"PREFECT_API_URL={OTHER}\n")
    monkeypatch.chdir(tmp_path)
    assert PrefectSettings().api.url == OTHER


def test_the_tests_do_not_read_it() -> None:
    """A test would send events and runs to the stack of whoever runs it."""
    assert get_current_settings().api.url != "http://127.0.0.1:4200/api"
