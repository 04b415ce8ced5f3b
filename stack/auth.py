"""The password of the Prefect API: generated at the first start and kept in a file of the home.

It is never passed as a command-line argument.

An open port of the API runs commands for whoever reaches it, be it a web page or another user of
this machine; hence a password even on loopback.
"""

from __future__ import annotations

import base64
import secrets
from pathlib import Path

from tasks.home import write_private

USER = "admin"


def read_auth(path: Path) -> str:
    """Return the auth string (``user:password``) kept at ``path``; empty when there is none."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""


def ensure_auth(path: Path) -> str:
    """Return the auth string kept at ``path``; the first call generates it."""
    if existing := read_auth(path):
        path.chmod(0o600)
        return existing
    auth = f"{USER}:{secrets.token_urlsafe(24)}"
    write_private(path, auth + "\n")
    return auth


def auth_header(auth: str) -> dict[str, str]:
    """Return the HTTP header that proves ``auth``; empty when no password is asked for."""
    if not auth:
        return {}
    return {"Authorization": f"Basic {base64.b64encode(auth.encode()).decode()}"}
