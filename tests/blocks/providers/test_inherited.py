"""Children get what they need of our environment, and nothing confidential."""

from __future__ import annotations

from blocks.providers.inherited import inherited

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
