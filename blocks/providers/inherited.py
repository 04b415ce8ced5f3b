"""What of our own environment a step or service may see: enough to work, nothing confidential."""

from __future__ import annotations

from collections.abc import Mapping

_NAMES = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
        *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "NODE_EXTRA_CA_CERTS"),
        *("http_proxy", "https_proxy", "no_proxy", "all_proxy"),
    }
)
_TOOLS = ("PIP_", "UV_", "NPM_CONFIG_", "npm_config_")


def inherited(environment: Mapping[str, str], *, tools: bool = True) -> dict[str, str]:
    """Return the part of ``environment`` (ours) that children get.

    An allow-list: the password of the Prefect API, database URLs and whatever else a worker was
    started with stay with the worker. ``tools``: with the settings of package installers, which
    builds and steps need and services do not.
    """
    prefixes = ("LC_", *_TOOLS) if tools else ("LC_",)
    return {
        name: value
        for name, value in environment.items()
        if name in _NAMES or name.startswith(prefixes)
    }
