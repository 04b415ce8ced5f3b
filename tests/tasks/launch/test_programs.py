"""Tests of the digest of what is installed in a release."""

from __future__ import annotations

import json
from pathlib import Path

from tasks.launch.programs import programs_digest
from tasks.release import Release


def _install(release: Release, name: str, origin: object = None) -> None:
    package = release.path / "env" / "lib" / "python3.11" / "site-packages" / f"{name}.dist-info"
    package.mkdir(parents=True)
    if origin is not None:
        (package / "direct_url.json").write_text(json.dumps(origin))


def test_other_packages_count_and_the_project_itself_does_not(tmp_path: Path) -> None:
    """A step would be skipped although its tools are other ones; or never, as each commit counts."""
    release = Release("shop", "1", "d1", tmp_path, "python", 0.0)
    digests = [programs_digest(release)]
    _install(release, "requests-2.0", {"url": "https://example.org/x.whl", "archive_info": {}})
    digests.append(programs_digest(release))
    _install(release, "shop-1.dev3", {"url": "file:///x", "dir_info": {}})
    assert programs_digest(release) == digests[-1]
    modules = release.source / "node_modules"
    modules.mkdir(parents=True)
    (modules / ".package-lock.json").write_text("{}")
    digests.append(programs_digest(release))
    assert len(set(digests)) == 3
