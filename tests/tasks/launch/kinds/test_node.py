"""Node projects get their packages beside the copied source."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tasks.errors import BadInputError, MissingProgramError
from tasks.launch.kinds.node import NodeKind, scripts


def test_a_broken_manifest_is_bad_input(tmp_path: Path) -> None:
    """Broken: a stray comma would show a stack trace."""
    (tmp_path / "package.json").write_text("{,}")
    with pytest.raises(BadInputError, match="is no JSON"):
        scripts(tmp_path)


def test_without_node_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: a missing program would look like a failed build."""
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(MissingProgramError, match="apt-get install nodejs npm"):
        NodeKind().toolchain()


@pytest.mark.integration
@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_packages_and_build_script_are_run(tmp_path: Path) -> None:
    """Broken: a Node project would start without its packages."""
    source = tmp_path / "source"
    (source / "dep").mkdir(parents=True)
    (source / "dep/package.json").write_text('{"name": "dep", "version": "1.0.0"}')
    (source / "dep/index.js").write_text("module.exports = 42")
    build = "node -e \"require('fs').writeFileSync('built', String(require('dep')))\""
    manifest = {"name": "x", "dependencies": {"dep": "file:./dep"}, "scripts": {"build": build}}
    (source / "package.json").write_text(json.dumps(manifest))
    assert NodeKind().toolchain().startswith("node v")
    NodeKind().build(tmp_path, [])
    release = source.rename(tmp_path / "moved")
    assert (release / "built").read_text() == "42"
