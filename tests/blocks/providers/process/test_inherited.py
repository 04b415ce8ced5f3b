"""Tests of the environment variables that children inherit: nothing confidential."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from blocks.providers.process.inherited import inherited, without_ours

OURS = {
    "PATH": "/bin",
    "LC_ALL": "C",
    "UV_INDEX": "x",
    "PREFECT_API_AUTH_STRING": "secret",
    "SLIPWAY_DATABASE_URL": "secret",
}


def test_only_what_is_allowed_passes() -> None:
    """Broken: every project could read the password of the Prefect API."""
    assert inherited(OURS) == {"PATH": "/bin", "LC_ALL": "C", "UV_INDEX": "x"}
    assert inherited(OURS, tools=False) == {"PATH": "/bin", "LC_ALL": "C"}


@pytest.mark.parametrize(
    "name",
    [
        *("VIRTUAL_ENV", "PYTHONPATH", "UV_PROJECT_ENVIRONMENT", "UV_PYTHON", "UV_LINK_MODE"),
        *("PIP_TARGET", "PIP_PREFIX", "PIP_PYTHON", "PIP_REQUIREMENT", "PIP_CONSTRAINT"),
        *("npm_config_local_prefix", "npm_config_global", "NPM_CONFIG_PREFIX"),
    ],
)
def test_what_we_install_into_is_not_what_a_step_installs_into(name: str) -> None:
    """Broken: `pip install` in a step changes the environment that Slipway runs in."""
    assert inherited({name: "/ours"}) == {}


@pytest.mark.parametrize(
    "name",
    [
        *("UV_DEFAULT_INDEX", "UV_INDEX_INTERNAL_PASSWORD", "PIP_INDEX_URL", "PIP_CERT"),
        *("npm_config_registry", "NPM_CONFIG_CAFILE", "npm_config_//registry.example/:_authToken"),
    ],
)
def test_the_index_that_we_install_from_is_a_steps_too(name: str) -> None:
    """Broken: behind a proxy of packages, nothing can be installed any more."""
    assert inherited({name: "x"}) == {name: "x"}


def test_our_own_programs_are_not_a_projects() -> None:
    """Broken: `python` in a step of a Node project imports our `tasks`, `pip` installs into us."""
    ours, theirs = f"{sys.prefix}/bin", str(Path(sys.base_prefix) / "bin")
    path = without_ours(f"{ours}:/usr/local/bin:/usr/bin")
    assert path == f"/usr/local/bin:/usr/bin:{theirs}"
    assert without_ours("/usr/bin") == "/usr/bin"
