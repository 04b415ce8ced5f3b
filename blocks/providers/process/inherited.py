"""Selects the environment variables that steps and services inherit, none of them confidential."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

_NAMES = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
        *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "NODE_EXTRA_CA_CERTS"),
        *("http_proxy", "https_proxy", "no_proxy", "all_proxy"),
    }
)
# Variables on where and how installers fetch; none on what they install, or where to.
_INSTALLERS = frozenset(
    {
        *("UV_INDEX", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS"),
        *("UV_INDEX_STRATEGY", "UV_KEYRING_PROVIDER", "UV_INSECURE_HOST", "UV_NATIVE_TLS"),
        *("UV_SYSTEM_CERTS", "UV_OFFLINE", "UV_HTTP_TIMEOUT", "UV_HTTP_RETRIES", "UV_CACHE_DIR"),
        *("UV_PYTHON_INSTALL_MIRROR", "UV_PYTHON_INSTALL_DIR", "UV_CONFIG_FILE"),
        *("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX"),
        *("PIP_TRUSTED_HOST", "PIP_CERT", "PIP_CLIENT_CERT", "PIP_PROXY", "PIP_TIMEOUT"),
        *("PIP_DEFAULT_TIMEOUT", "PIP_RETRIES", "PIP_CACHE_DIR", "PIP_CONFIG_FILE"),
    }
)
_INDEXES = ("UV_INDEX_",)  # the password of an index has its name in the variable
_NPM = "npm_config_"
# Variables by which `npm run` tells its children of the project that we were started from.
_OF_NPM_RUN = frozenset(
    {
        *("prefix", "local_prefix", "global_prefix", "global", "location", "workspace"),
        *("workspaces", "include_workspace_root", "user_agent", "node_gyp"),
    }
)


def inherited(environment: Mapping[str, str], *, tools: bool = True) -> dict[str, str]:
    """Return the part of ``environment`` (ours) that children get.

    This is an allow-list: the password of the Prefect API, database URLs and all else of a worker's
    environment stay with the worker, and so do our own programs and their Python. ``tools``:
    include the settings of package installers, which builds and steps need and services do not.
    """
    allowed = {
        name: value
        for name, value in environment.items()
        if name in _NAMES or name.startswith("LC_") or (tools and _of_an_installer(name))
    }
    if "PATH" in allowed:
        allowed["PATH"] = without_ours(allowed["PATH"])
    return allowed


def without_ours(path: str) -> str:
    """Return ``path`` without the programs of the virtual environment that we run in.

    Its Python has our modules, and its pip installs among them. The Python that it was created with
    takes its place, behind all others.
    """
    ours = Path(sys.prefix) / "bin"
    if sys.prefix == sys.base_prefix or str(ours) not in path.split(os.pathsep):
        return path
    others = [folder for folder in path.split(os.pathsep) if Path(folder) != ours]
    return os.pathsep.join([*others, str(Path(sys.base_prefix) / "bin")])


def _of_an_installer(name: str) -> bool:
    if name.lower().startswith(_NPM):
        return name.lower().removeprefix(_NPM) not in _OF_NPM_RUN
    return name in _INSTALLERS or name.startswith(_INDEXES)
