"""The two versions of a project on disk."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from examples.demo import sources
from examples.demo.errors import DemoError
from examples.demo.subject import GUESTBOOK, HTTPBIN


def _version(folder: Path) -> str:
    command = [sys.executable, "-c", "import guestbook; print(guestbook.__version__)"]
    return subprocess.check_output(command, cwd=folder, text=True).strip()


def test_both_versions_call_themselves_so(tmp_path: Path) -> None:
    """The demo could not tell which version serves."""
    names = sources.prepare(GUESTBOOK, tmp_path)
    assert names == ["guestbook-1.0.0", "guestbook-1.1.0"]
    assert [_version(tmp_path / name) for name in names] == ["1.0.0", "1.1.0"]


def test_the_copy_is_complete_and_clean(tmp_path: Path) -> None:
    """A version could not be built or tested, or would carry what lay about in the tree."""
    target = sources.copy_guestbook("2.0.0", tmp_path / "copy")
    assert (target / "pyproject.toml").is_file()
    assert (target / "README.md").is_file()
    assert len(list((target / "tests").glob("test_*.py"))) >= 5
    assert not list(target.rglob("__pycache__"))


def test_preparing_again_starts_afresh(tmp_path: Path) -> None:
    """What was changed or left over in a copy would be shipped by the next demo."""
    target = sources.copy_guestbook("2.0.0", tmp_path / "copy")
    (target / "left-over").touch()
    sources.copy_guestbook("2.1.0", target)
    assert not (target / "left-over").exists()
    assert _version(target) == "2.1.0"


def test_only_the_version_differs(tmp_path: Path) -> None:
    """History would not carry over from one version to the next."""
    old, new = (tmp_path / name for name in sources.prepare(GUESTBOOK, tmp_path))
    differing = [
        path.relative_to(old).as_posix()
        for path in sorted(old.rglob("*"))
        if path.is_file() and path.read_bytes() != (new / path.relative_to(old)).read_bytes()
    ]
    assert differing == ["guestbook/__init__.py"]


def test_a_missing_version_line_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both versions would be the same, and the deploy prove nothing."""
    (tmp_path / "tree" / "guestbook").mkdir(parents=True)
    (tmp_path / "tree" / "guestbook" / "__init__.py").write_text("")
    monkeypatch.setattr(sources, "GUESTBOOK", tmp_path / "tree")
    with pytest.raises(DemoError, match="__version__"):
        sources.copy_guestbook("1.0.0", tmp_path / "copy")


def test_what_is_there_is_not_downloaded_again(tmp_path: Path) -> None:
    """Every demo would need the network."""
    for version in (HTTPBIN.old, HTTPBIN.new):
        (tmp_path / f"httpbin-{version}.tar.gz").write_bytes(b"there")
    names = sources.prepare(HTTPBIN, tmp_path)
    assert names == ["httpbin-0.10.2.tar.gz", "httpbin-0.10.4.tar.gz"]


@pytest.mark.integration
def test_pip_downloads_the_sdist(tmp_path: Path) -> None:
    """The demo of a project that is not ours could not begin."""
    target = sources.download("0.10.2", tmp_path / "httpbin-0.10.2.tar.gz")
    assert target.read_bytes().startswith(b"\x1f\x8b")
    assert [path.name for path in tmp_path.iterdir()] == ["httpbin-0.10.2.tar.gz"]


@pytest.mark.integration
def test_a_version_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """The demo would go on without a source and fail somewhere else."""
    with pytest.raises(DemoError, match=r"could not download httpbin 0\.0\.0"):
        sources.download("0.0.0", tmp_path / "httpbin-0.0.0.tar.gz")
