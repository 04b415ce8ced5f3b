"""Makes Prefect's clients share the certificates that they trust.

Each client reads them anew, which takes 25 ms and half a megabyte; a flow run makes six. A forked
one has read them already.
"""

from __future__ import annotations

import ssl
from functools import cache
from types import SimpleNamespace
from typing import Any, cast

import certifi
from prefect.client import orchestration
from prefect.settings import PREFECT_API_SSL_CERT_FILE


def share_tls() -> None:
    """Read them, and have all clients that Prefect makes from now on in this process share them.

    It is no matter that some of them change what they get: it depends on nothing but the settings.
    """
    client = cast("Any", orchestration)
    if client.ssl is ssl:
        shared = cache(ssl.create_default_context)
        shared(cafile=PREFECT_API_SSL_CERT_FILE.value() or certifi.where())
        client.ssl = SimpleNamespace(**{**vars(ssl), "create_default_context": shared})
