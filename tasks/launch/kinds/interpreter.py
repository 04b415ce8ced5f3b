"""The Python of a project's environment: Slipway's own, unless the manifest requires another."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from tasks.errors import BadInputError
from tasks.launch.kinds.interface import BuildError, run_build
from tasks.launch.kinds.manifest import requires_python


def interpreter(uv: str, source: Path, manifest: Mapping[str, Any]) -> str:
    """Return the path of a Python that `requires-python` of ``source`` allows.

    ``manifest`` is its pyproject.toml. None is downloaded: that is left to the user.

    Raises:
        BadInputError: There is none on this machine, or the manifest asks for nonsense.
    """
    stated = requires_python(source, manifest)
    try:
        if SpecifierSet(stated).contains(platform.python_version(), prereleases=True):
            return sys.executable
    except InvalidSpecifier as error:
        remedy = "Write e.g. >=3.11 in its manifest."
        raise BadInputError(
            "requires-python", stated, "is not a range of versions", remedy
        ) from error
    try:
        find = [uv, "python", "find", "--no-project", "--no-python-downloads", stated]
        return run_build(find, source, {}).strip()
    except BuildError as error:
        ours = platform.python_version()
        problem = f"no Python here is in that range; the one that Slipway runs on is {ours}"
        remedy = "Install one, e.g. with: uv python install 3.13"
        raise BadInputError("requires-python", stated, problem, remedy) from error
