"""A private source is read with its token, which stands nowhere that others may read."""

from __future__ import annotations

import base64
import http.server
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from blocks.project_spec import ProjectSpec
from tasks.errors import BadInputError
from tasks.launch.access import access, access_variables
from tasks.launch.build import build_release

WANTED = "Basic " + base64.b64encode(b"me:tok@en").decode()


class Private(http.server.SimpleHTTPRequestHandler):
    """Serves files to whoever shows the token."""

    def do_GET(self) -> None:
        """Answer, or ask who it is."""
        if self.headers.get("Authorization") == WANTED:
            super().do_GET()
            return
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="private"')
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """Serve a repository that only the token opens; give the port."""
    work, bare = tmp_path / "work", tmp_path / "served" / "shop.git"
    work.mkdir()
    (work / "Procfile").write_text("web: true\n")
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    for arguments in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "x"]):
        subprocess.run(["git", "-C", str(work), *arguments], check=True)
    subprocess.run(["git", "clone", "-q", "--bare", str(work), str(bare)], check=True)
    subprocess.run(["git", "-C", str(bare), "update-server-info"], check=True)
    handler = partial(Private, directory=str(bare.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture
def arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have every git write down its arguments; give the file."""
    real, log, folder = shutil.which("git"), tmp_path / "arguments", tmp_path / "bin"
    folder.mkdir()
    (folder / "git").write_text(f'#!/bin/sh\necho "$@" >>{log}\nexec {real} "$@"\n')
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return log


@pytest.mark.integration
@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
@pytest.mark.parametrize("apart", [False, True])
def test_a_private_repository_is_read_and_the_token_shown_nowhere(
    tmp_path: Path, port: int, arguments: Path, apart: bool
) -> None:
    """Broken: every user of the machine sees the token in the process list, and so does a log."""
    address = f"127.0.0.1:{port}/shop.git"
    written = {"source": f"http://me:tok@en@{address}"}
    if apart:
        users = {f"http://127.0.0.1:{port}/": "me:tok@en"}
        written = {"source": f"http://{address}", "credentials": users}  # type: ignore[dict-item]
    spec = ProjectSpec.model_validate(written | {"kind": "procfile"})
    folder = tmp_path / "releases"
    folder.mkdir()
    release = build_release("shop", spec, "", folder, 0.0)
    assert (release.source / "Procfile").is_file()
    assert "clone" in arguments.read_text()
    assert "tok" not in arguments.read_text() + str(release)
    leaks = [
        path for path in folder.rglob("*") if path.is_file() and b"tok@en" in path.read_bytes()
    ]
    assert leaks == []


@pytest.mark.integration
@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_the_wrong_token_is_refused_without_being_shown(
    tmp_path: Path, port: int, arguments: Path
) -> None:
    """Broken: the error of a mistyped token shows the rest of it."""
    spec = ProjectSpec(source=f"http://me:wr@ng-one@127.0.0.1:{port}/shop.git", kind="procfile")
    (tmp_path / "releases").mkdir()
    with pytest.raises(BadInputError) as caught:
        build_release("shop", spec, "", tmp_path / "releases", 0.0)
    assert "ng-one" not in str(caught.value) + arguments.read_text()


def test_installers_read_it_from_a_file_that_is_gone_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: a private index asks for a password, or the user's own netrc no longer counts."""
    (tmp_path / "netrc").write_text("machine own.example.org login a password b\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with access({"https://example.org/simple": "me:secret"}):
        path = Path(access_variables()["NETRC"])
        assert path.stat().st_mode & 0o077 == 0
        text = path.read_text()
    assert text.startswith("machine example.org login me password secret\n")
    assert "own.example.org" in text
    assert not path.exists()
    assert access_variables() == {}
