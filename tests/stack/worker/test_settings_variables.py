"""Tests of the variables of Prefect's settings that a worker asks for again and again."""

from __future__ import annotations

from typing import Any

import pytest
from prefect.settings import PREFECT_API_URL, Settings, get_current_settings, temporary_settings

from stack.worker.settings_variables import keep_variables

pytestmark = pytest.mark.prefect


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Give the options with which Prefect worked the variables out."""
    tell, options = Settings.to_environment_variables, list[dict[str, Any]]()

    def noted(self: Settings, **given: Any) -> dict[str, str]:
        options.append(given)
        return tell(self, **given)

    monkeypatch.setattr(Settings, "to_environment_variables", noted)
    keep_variables()
    keep_variables()
    return options


def test_they_are_worked_out_once(asked: list[dict[str, Any]]) -> None:
    """Broken: a worker is busy with that for a third of its time while many runs begin."""
    settings = get_current_settings()
    first = settings.to_environment_variables(exclude_unset=True)
    expected = dict(first)
    first["PREFECT_API_URL"] = "changed by whoever asked"
    assert settings.to_environment_variables(exclude_unset=True) == expected
    assert asked == [{"exclude_unset": True}]


def test_other_settings_and_options_have_their_own(asked: list[dict[str, Any]]) -> None:
    """Broken: a flow run gets the settings of another moment."""
    all_of_them = get_current_settings().to_environment_variables()
    assert get_current_settings().to_environment_variables(exclude_unset=True) != all_of_them
    with temporary_settings({PREFECT_API_URL: "http://other/api"}):
        variables = get_current_settings().to_environment_variables(exclude_unset=True)
    assert variables["PREFECT_API_URL"] == "http://other/api"
    assert len(asked) == 3
