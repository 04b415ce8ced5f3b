"""The secret key of a home, for keyed hashes that show whether a recorded secret has changed."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from blocks.durable_file import sync_folder

_FILE = "seal.key"
_KEY_BYTES = 32


def seal_key(home: Path) -> bytes:
    """Return the key of ``home``, made at the first use and readable by its owner alone.

    Where several processes make it at once, all use the same one.
    """
    path = home / _FILE
    if not path.exists():
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = home / f".{_FILE}.{os.getpid()}.{secrets.token_hex(4)}"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(draft)
            sync_folder(str(home))
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_bytes()
