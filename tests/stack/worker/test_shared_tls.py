"""Tests of the certificates that all clients of a process share."""

from __future__ import annotations

import ssl

import pytest
from prefect.client import orchestration
from prefect.client.orchestration import get_client

from stack.worker.shared_tls import share_tls

pytestmark = pytest.mark.prefect


def test_clients_read_no_certificates_once_they_are_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: each client of a flow run reads them, which delays its first line."""
    reads = []
    create = ssl.create_default_context

    def counted(*args: str, cafile: str | None = None) -> ssl.SSLContext:
        """Read them, and note it."""
        reads.append(cafile)
        return create(*args, cafile=cafile)  # type: ignore[arg-type]

    monkeypatch.setattr(ssl, "create_default_context", counted)
    monkeypatch.setattr(orchestration, "ssl", ssl)
    get_client()
    assert reads
    share_tls()
    read = len(reads)
    share_tls()
    get_client()
    get_client(sync_client=True)
    assert len(reads) == read
