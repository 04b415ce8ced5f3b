"""A package as npm packs it is told from a tree that has to be built."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tasks.launch.kinds.node_package import built_entry

PEER: dict[str, Any] = {
    "name": "peer",
    "main": "dist/index.cjs",
    "bin": {"peerjs": "dist/bin/peerjs.js"},
    "files": ["dist/"],
    "scripts": {"build": "parcel build", "start": "node dist/bin/peerjs.js --port $PORT"},
}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Give the files of `peer`, as npm packs it."""
    (tmp_path / "dist" / "bin").mkdir(parents=True)
    for file in ("dist/bin/peerjs.js", "dist/index.cjs", "README.md"):
        (tmp_path / file).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("changes", "entry"),
    [
        ({}, "dist/bin/peerjs.js"),
        ({"scripts": {"start": "peerjs --port $PORT"}}, "dist/bin/peerjs.js"),
        ({"scripts": {"start": "node ."}}, "dist/index.cjs"),
        ({"scripts": {"start": "node ./dist/bin/peerjs"}}, "dist/bin/peerjs.js"),
        ({"scripts": {}}, "dist/index.cjs"),
        ({"scripts": {"start": "babel-node -- src/bin db.json"}}, "dist/index.cjs"),
        ({"scripts": {}, "main": "dist/none.js"}, "dist/bin/peerjs.js"),
        ({"scripts": {}, "main": "", "bin": "./dist/bin/peerjs.js"}, "dist/bin/peerjs.js"),
        ({"files": None}, "dist/bin/peerjs.js"),
        ({"files": ["dist/**", "CHANGES.md", "!dist/x", "src/*.ts"]}, "dist/bin/peerjs.js"),
    ],
)
def test_what_a_packed_package_is_started_by(
    package: Path, changes: dict[str, Any], entry: str
) -> None:
    """Broken: what is built already is not launched, as its build cannot be repeated."""
    assert built_entry(package, PEER | changes) == entry


@pytest.mark.parametrize(
    ("file", "changes"),
    [
        ("package-lock.json", {}),
        (".gitignore", {}),
        ("server.js", {"scripts": {"start": "node server.js"}, "files": None}),
        ("server.js", {"scripts": {"start": "node server.js"}, "files": ["server.js", "public"]}),
        ("x", {"scripts": {"start": "vite preview"}}),
        ("x", {"scripts": {"start": "node dist/none.js"}}),
        ("x", {"scripts": {"start": "node ../outside.js"}}),
        ("x", {"scripts": {"start": f"node -e {'x' * 5000}"}}),
        ("x", {"scripts": {}, "main": "", "bin": []}),
    ],
)
def test_what_has_to_be_built(package: Path, file: str, changes: dict[str, Any]) -> None:
    """Broken: a tree whose build fails is served without what it builds, or as it was long ago."""
    (package / file).touch()
    (package.parent / "outside.js").touch()
    assert built_entry(package, PEER | changes) == ""
