"""Node projects get their packages beside the copied source."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tasks.errors import BadInputError, MissingProgramError
from tasks.launch.kinds.interface import BuildError, run_build
from tasks.launch.kinds.node import NodeKind, scripts


def test_a_broken_manifest_is_bad_input(tmp_path: Path) -> None:
    """Broken: a stray comma would show a stack trace."""
    (tmp_path / "package.json").write_text("{,}")
    with pytest.raises(BadInputError, match="is not valid JSON"):
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


@pytest.mark.integration
@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
@pytest.mark.parametrize(
    ("build", "tool"),
    [("rm -r dist && node src/build.js", "file:./dep"), ("tool", "workspace:*")],
    ids=["its sources are not there", "a dev dependency is not there"],
)
def test_a_packed_package_is_taken_as_it_is_where_it_cannot_be_built(
    tmp_path: Path, build: str, tool: str
) -> None:
    """Broken: a package from npm is not launched, though nothing of it has to be built."""
    source = tmp_path / "source"
    for folder, content in {"dist": "console.log(require('dep'))", "dep": "exports.a = 42"}.items():
        (source / folder).mkdir(parents=True)
        (source / folder / "index.js").write_text(content)
    (source / "dep/package.json").write_text('{"name": "dep", "version": "1.0.0"}')
    manifest = {
        "name": "x",
        "version": "1.0.0",
        "files": ["dist", "dep"],
        "dependencies": {"dep": "file:./dep"},
        "devDependencies": {"tool": tool},
        "scripts": {"build": build, "start": "node dist/index.js", "prepare": "exit 3"},
    }
    (source / "package.json").write_text(json.dumps(manifest))
    (sentence,) = NodeKind().build(tmp_path, [])
    assert "started by dist/index.js, which the package already has" in sentence
    assert "failed" in sentence
    output = run_build(["npm", "start", "--silent"], source, {})
    assert output.strip() == "{ a: 42 }"
    assert not (source / "node_modules/tool").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


@pytest.mark.integration
@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_a_tree_that_has_to_be_built_is_refused_where_it_cannot(tmp_path: Path) -> None:
    """Broken: it is served without what its build makes, and nobody learns why it was not made."""
    (tmp_path / "source" / "dist").mkdir(parents=True)
    (tmp_path / "source" / "dist" / "index.js").touch()
    (tmp_path / "source" / ".gitignore").write_text("node_modules")
    (tmp_path / "source" / "build.sh").write_text("echo I gave up on src/index.ts >&2; exit 3")
    manifest = {"name": "x", "main": "dist/index.js", "scripts": {"build": "sh build.sh"}}
    (tmp_path / "source" / "package.json").write_text(json.dumps(manifest))
    with pytest.raises(BuildError, match="`npm run build` failed") as refusal:
        NodeKind().build(tmp_path, [])
    assert "I gave up on src/index.ts" in str(refusal.value)
