"""Repositories of the real restic for tests, made once and copied.

restic makes it slow on purpose to try passwords: each of its commands takes a third of a second of
a core for the key, and making a repository takes 1.8 seconds. Here the same master key is
encrypted with the cheapest parameters that restic accepts. Its format is documented under
"Keys, Encryption and MAC" in https://restic.readthedocs.io/en/stable/100_references.html
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from base64 import b64decode, b64encode
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.poly1305 import Poly1305

from blocks.repositories.restic_engine import ResticEngine

PASSWORD = "hunter22"
_CHEAP = {"N": 2, "r": 1, "p": 1}
_NONCE_BYTES = 16
_MAC_BYTES = 16


@pytest.fixture(scope="session")
def empty_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a restic repository without snapshots, whose password is ``PASSWORD``, to be copied."""
    if not shutil.which("restic") and os.environ.get("SLIPWAY_REQUIRE_RESTIC") != "1":
        pytest.skip("restic is not installed")
    folder = tmp_path_factory.mktemp("restic")
    ResticEngine(str(folder / "repo"), PASSWORD, cache=folder / "cache").create()
    (key_file,) = (folder / "repo" / "keys").iterdir()
    opened_at_once = _reencrypted(json.loads(key_file.read_bytes()))
    key_file.unlink()
    key_file.with_name(hashlib.sha256(opened_at_once).hexdigest()).write_bytes(opened_at_once)
    return folder / "repo"


@pytest.fixture
def engine(tmp_path: Path, empty_repository: Path) -> ResticEngine:
    """Give a restic repository of the test's own, without snapshots."""
    shutil.copytree(empty_repository, tmp_path / "repo")
    return ResticEngine(str(tmp_path / "repo"), PASSWORD, cache=tmp_path / "cache")


@dataclass(frozen=True)
class _Key:
    """What encrypts the master key: AES-256 in counter mode, and Poly1305-AES over the result."""

    encryption: bytes
    mac_key: bytes
    mac_factor: bytes

    def applied(self, nonce: bytes, text: bytes) -> bytes:
        """Return ``text`` encrypted, or decrypted, which is the same."""
        cipher = Cipher(algorithms.AES256(self.encryption), modes.CTR(nonce)).encryptor()
        return cipher.update(text) + cipher.finalize()

    def mac(self, nonce: bytes, encrypted: bytes) -> bytes:
        """Return the authentication code of what was encrypted."""
        cipher = Cipher(algorithms.AES128(self.mac_key), modes.ECB()).encryptor()  # noqa: S305 - of one block
        addend = cipher.update(nonce) + cipher.finalize()
        return Poly1305.generate_tag(self.mac_factor + addend, encrypted)


def _reencrypted(document: dict[str, object]) -> bytes:
    """Return a key file of restic for the same password, whose key is derived cheaply."""
    costly, cheap = _key(document), _key(document | _CHEAP)
    data = b64decode(str(document["data"]))
    nonce, encrypted, mac = data[:_NONCE_BYTES], data[_NONCE_BYTES:-_MAC_BYTES], data[-_MAC_BYTES:]
    assert costly.mac(nonce, encrypted) == mac
    again = cheap.applied(nonce, costly.applied(nonce, encrypted))
    written = b64encode(nonce + again + cheap.mac(nonce, again)).decode()
    return json.dumps(document | _CHEAP | {"data": written}).encode()


def _key(document: dict[str, object]) -> _Key:
    costs = {name.lower(): int(str(document[name])) for name in _CHEAP}
    salt = b64decode(str(document["salt"]))
    derived = hashlib.scrypt(PASSWORD.encode(), salt=salt, dklen=64, maxmem=2**28, **costs)
    return _Key(derived[:32], derived[32:48], derived[48:])
